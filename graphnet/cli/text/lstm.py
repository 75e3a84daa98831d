"""``graphnet lstm``: build the cell, check it, draw it, train a character model, write text."""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import typer

from graphnet.cli.text import lstm_arguments as arguments
from graphnet.cli.text import stages
from graphnet.cli.text.options import Options, chosen, noted
from graphnet.errors import DataError
from graphnet.train import Pictures
from graphnet.train.text.saved_model import read_character_model

DEFAULTS = Options()


def lstm_command(
    context: typer.Context,
    text: arguments.Text = DEFAULTS.text,
    hidden: arguments.Hidden = DEFAULTS.hidden,
    layers: arguments.Layers = DEFAULTS.layers,
    seq_length: arguments.SeqLength = DEFAULTS.seq_length,
    batch_size: arguments.BatchSize = DEFAULTS.batch_size,
    epochs: arguments.Epochs = DEFAULTS.epochs,
    learning_rate: arguments.LearningRate = DEFAULTS.learning_rate,
    dropout: arguments.Dropout = DEFAULTS.dropout,
    seed: arguments.Seed = DEFAULTS.seed,
    out: arguments.Out = Path("lstm"),
    resume: arguments.Resume = False,
    length: arguments.Length = 400,
    temperature: arguments.Temperature = 0.7,
    quick: arguments.Quick = False,
    compile: arguments.Compile = True,
) -> None:
    """Build an LSTM cell, check it, draw it, train a character model with it, and write text.

    The defaults are those of char-rnn (which takes 50 epochs). The cell is a graph of ordinary
    modules; it is compared with its six equations in plain NumPy first. Ctrl-C saves the training,
    and --resume continues it as if it had never stopped, with the options that it began with.

    \b
    graphnet lstm --quick                            in a minute
    graphnet lstm --text input.txt --out shakespeare
    graphnet lstm --out shakespeare --resume --epochs 50
    graphnet sample shakespeare/checkpoint.gn        more of its text
    """
    checkpoint = out / stages.CHECKPOINT
    stored = noted_in(checkpoint) if resume else {}
    options = chosen(given_options(context), quick, stored)
    data = stages.read_data(options)
    trainer = stages.make_trainer(options, checkpoint, data, None if compile else False)
    if resume:
        trainer.load()
    make_folder(out)
    pictures = Pictures(partial(typer.echo, err=True))
    stages.show_cell(options, out, pictures)
    stages.train(trainer, options, data, resume)
    stages.write_losses(trainer, options, out, pictures)
    if trainer.interrupted:
        stages.show_interruption(trainer, options, out)
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
