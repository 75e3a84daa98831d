"""``graphnet lstm``: build the cell, check it, draw it, train a character model, write text."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from graphnet.cli import stages
from graphnet.cli.options import Options, chosen, noted
from graphnet.errors import DataError
from graphnet.train.written import read_character_model

DEFAULTS = Options()


def lstm_command(
    context: typer.Context,
    text: Annotated[
        str | None,
        typer.Option(help="A UTF-8 text file; by default the documentation inside Python."),
    ] = None,
    hidden: Annotated[int, typer.Option(min=1, help="Units in each layer.")] = DEFAULTS.hidden,
    layers: Annotated[int, typer.Option(min=1, max=100, help="LSTM layers.")] = DEFAULTS.layers,
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
        typer.Option(
            min=0, max=1000, help="Of RMSprop; 0.97 times the last after each epoch from the 10th."
        ),
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
    stored = noted_in(checkpoint) if resume else {}
    options = chosen(given_options(context), quick, stored)
    data = stages.read_data(options)
    trainer = stages.make_trainer(options, checkpoint, data)
    if resume:
        trainer.load()
    make_folder(out)
    stages.show_cell(options, out)
    stages.train(trainer, options, data, resume)
    stages.write_losses(trainer, options, out)
    if trainer.interrupted:
        typer.echo(f"\nInterrupted after {trainer.batches_done:,} batches; nothing is lost.")
        typer.echo(f"  continue with: graphnet lstm --out {out} --resume --epochs {options.epochs}")
        raise typer.Exit(130)
    stages.show_sample(trainer, data.vocabulary, options, length, temperature)
    epochs = max(options.epochs, trainer.batches_done // max(1, len(data.training)))
    stages.show_next(checkpoint, out, epochs)


def noted_in(checkpoint: Path) -> dict[str, Any]:
    """The options of the training that a checkpoint continues."""
    if not checkpoint.exists():
        raise DataError(
            f"There is no training to resume in {checkpoint.parent}",
            "Leave --resume out to begin.",
        )
    return noted(read_character_model(checkpoint))


def make_folder(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise DataError(f"--out {out} is a file, expected a folder")
    out.mkdir(parents=True, exist_ok=True)


def given_options(context: typer.Context) -> dict[str, Any]:
    """Those that stand on the command line."""
    names = [field.name for field in fields(Options)]
    sources = {name: context.get_parameter_source(name) for name in names}
    return {
        name: context.params[name]
        for name, source in sources.items()
        if source is not None and source.name == "COMMANDLINE"
    }
