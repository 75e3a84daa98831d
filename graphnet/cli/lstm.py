"""``graphnet lstm``: build the cell, check it, draw it, train a character model, write text."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from graphnet.cli import stages
from graphnet.cli.options import Options, chosen
from graphnet.errors import DataError
from graphnet.graph.storage import read

DEFAULTS = Options()


def lstm_command(
    context: typer.Context,
    text: Annotated[
        str | None,
        typer.Option(help="A UTF-8 text file; by default the documentation inside Python."),
    ] = None,
    hidden: Annotated[int, typer.Option(min=1, help="Units in each layer.")] = DEFAULTS.hidden,
    layers: Annotated[int, typer.Option(min=1, help="LSTM layers.")] = DEFAULTS.layers,
    seq_length: Annotated[
        int, typer.Option(min=1, help="Characters that gradients flow back through.")
    ] = DEFAULTS.seq_length,
    batch_size: Annotated[
        int, typer.Option(min=1, help="Rows of text side by side.")
    ] = DEFAULTS.batch_size,
    epochs: Annotated[
        int, typer.Option(min=1, help="Passes over the text, those before --resume included.")
    ] = DEFAULTS.epochs,
    learning_rate: Annotated[
        float,
        typer.Option(min=0, help="Of RMSprop; 0.97 times the last after each epoch from the 10th."),
    ] = DEFAULTS.learning_rate,
    dropout: Annotated[
        float, typer.Option(min=0, max=0.99, help="Between layers, while training.")
    ] = DEFAULTS.dropout,
    seed: Annotated[
        int, typer.Option(min=0, help="The same seed gives the same training, to the bit.")
    ] = DEFAULTS.seed,
    out: Annotated[Path, typer.Option(help="Folder for all that is written.")] = Path("lstm"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the training in the folder --out.")
    ] = False,
    length: Annotated[
        int, typer.Option("--sample", min=0, metavar="N", help="Characters of text at the end.")
    ] = 400,
    temperature: Annotated[
        float, typer.Option(min=0, help="Of that text: 1 as it was learned, less: safer.")
    ] = 0.7,
    quick: Annotated[
        bool, typer.Option("--quick", help="One layer, one epoch: under a minute.")
    ] = False,
) -> None:
    """Build an LSTM cell, check it, draw it, train a character model with it, and write text.

    The defaults are those of char-rnn (which takes 50 epochs). The cell is a graph of ordinary
    modules; it is compared with its six equations in plain NumPy first. Ctrl-C saves the training,
    and --resume continues it as if it had never stopped, with the options that it began with.
    """
    checkpoint = out / stages.CHECKPOINT
    if resume and not checkpoint.exists():
        raise DataError(f"There is no training to resume in {out}", "Leave --resume out to begin.")
    stored = read(checkpoint).notes if resume else {}
    options = chosen(given_options(context), quick, stored)
    out.mkdir(parents=True, exist_ok=True)
    stages.show_cell(options, out)
    trainer, vocabulary, finished = stages.train(options, checkpoint, resume)
    stages.write_losses(trainer, options, out)
    if not finished:
        typer.echo(f"\nInterrupted after {trainer.batches_done:,} batches; nothing is lost.")
        typer.echo(f"  continue with: graphnet lstm --out {out} --resume --epochs {options.epochs}")
        raise typer.Exit(130)
    stages.show_sample(trainer, vocabulary, options, length, temperature)
    stages.show_next(checkpoint, out, options)


def given_options(context: typer.Context) -> dict[str, Any]:
    """Those that stand on the command line."""
    names = [field.name for field in fields(Options)]
    sources = {name: context.get_parameter_source(name) for name in names}
    return {
        name: context.params[name]
        for name, source in sources.items()
        if source is not None and source.name == "COMMANDLINE"
    }
