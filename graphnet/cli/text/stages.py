"""The stages of ``graphnet lstm``: each prints what it does and names the files it writes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import typer

from graphnet import nn, optim
from graphnet.cli.text.equations import largest_difference
from graphnet.cli.text.options import Options, notes_of
from graphnet.graph import manual_seed
from graphnet.native import is_available
from graphnet.native.runtime.thread_count import threads
from graphnet.train import (
    Pictures,
    TextBatches,
    Trainer,
    Vocabulary,
    character_model,
    decay_after,
    documentation_text,
    draw_losses,
    initial_states,
    read_text,
    sample,
)
from graphnet.train.checkpoints.place import require_free
from graphnet.train.reports.progress import loss_text
from graphnet.train.text.batches import Batch

CHECKPOINT = "checkpoint.gn"
PRIME = "The "


def show_cell(options: Options, out: Path, pictures: Pictures) -> None:
    """Stage 1: the cell, its check and its pictures."""
    from graphnet.drawing import draw

    hidden, rows = options.hidden, options.batch_size
    manual_seed(options.seed)
    cell = nn.lstm_cell(hidden, hidden)
    typer.echo(f"1. The cell: a graph of {len(cell.nodes)} nodes, {hidden} units")
    difference = largest_difference(cell, hidden, hidden)
    typer.echo(f"   largest difference from the six equations in NumPy: {difference:.1e}")

    def saved(path: Path, backward: bool) -> None:
        draw(cell, [(rows, hidden)] * 3, backward=backward).save(path)

    for name, backward in (("lstm_cell.svg", False), ("lstm_cell_backward.svg", True)):
        if pictures.write(out / name, partial(saved, backward=backward)):
            typer.echo(f"   wrote {out / name}")


@dataclass(frozen=True, slots=True)
class Data:
    """A text as it is trained on."""

    length: int
    digest: str
    vocabulary: Vocabulary
    training: list[Batch]
    validation: list[Batch]


def read_data(options: Options) -> Data:
    """The text in batches. Raises DataError or OSError where it cannot be read or is too short."""
    text = read_text(options.text) if options.text is not None else documentation_text()
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    vocabulary = Vocabulary(text)
    batches = TextBatches(vocabulary.encode(text), options.batch_size, options.seq_length)
    return Data(len(text), digest, vocabulary, *batches.split())


def make_trainer(
    options: Options, checkpoint: Path, data: Data, compile: bool | None = None
) -> Trainer:
    """The model and everything around it, as at the first batch."""
    manual_seed(options.seed)
    net = character_model(len(data.vocabulary), options.hidden, options.layers, options.dropout)
    net.seed(options.seed)
    return Trainer(
        net,
        nn.ClassNLLCriterion(),
        optim.RMSprop(net, options.learning_rate, decay=0.95),
        states=initial_states(options.layers, options.hidden, options.batch_size),
        loss_scale=options.seq_length,
        max_value=5.0,
        schedule=decay_after(10, 0.97),
        checkpoint=checkpoint,
        unit="character",
        notes=notes_of(options, data.vocabulary.characters, data.digest),
        compile=compile,
    )


def train(trainer: Trainer, options: Options, data: Data, resume: bool) -> None:
    """Stages 2 and 3: the text and the training."""
    source = options.text or "the documentation inside Python (pydoc_data.topics)"
    training, validation = data.training, data.validation
    typer.echo(f"2. The text: {source}")
    typer.echo(
        f"   {data.length:,} characters, {len(data.vocabulary)} of them distinct; "
        f"{len(training):,} batches to train on, {len(validation):,} to validate"
    )
    announce(trainer, options, len(training), resume)
    if not resume and trainer.checkpoint is not None:
        require_free(trainer.checkpoint)
        keep_older(trainer.checkpoint)
    trainer.notes["text"] = options.text
    trainer.notes["epochs"] = options.epochs
    if trainer.batches_done < options.epochs * len(training):
        trainer.fit(training, options.epochs, validation)


def announce(trainer: Trainer, options: Options, batches: int, resume: bool) -> None:
    size = sum(parameter.size for parameter in trainer.net.parameters())
    typer.echo(f"3. Training: {options.layers} x {options.hidden} units, {size:,} parameters")
    typer.echo(f"   {execution(trainer)}")
    if resume:
        typer.echo(f"   resumed after {trainer.batches_done:,} batches")
        if trainer.batches_done >= options.epochs * batches:
            done = trainer.batches_done // batches
            typer.echo(f"   the epochs asked for are done already ({done}): raise --epochs")


def execution(trainer: Trainer) -> str:
    """What a batch is computed by, in a line."""
    if trainer.is_compiled:
        count = f"{threads()} thread{'s' if threads() > 1 else ''}"
        return f"network, criterion and backward are compiled into one program ({count})"
    missing = "" if is_available() else "; pip install llvmlite to compile it"
    return f"computed by the interpreter{missing}"


def keep_older(checkpoint: Path) -> None:
    """A new training does not destroy the one before it in the same folder."""
    if checkpoint.exists():
        older = checkpoint.with_name("older_" + checkpoint.name)
        checkpoint.replace(older)
        typer.echo(f"   the training that was in this folder is now {older}")


def write_losses(trainer: Trainer, options: Options, out: Path, pictures: Pictures) -> None:
    """Stage 4: the curve."""
    validation = trainer.history.validation
    if validation:
        typer.echo(f"   validation {loss_text(validation[-1][1])}")
    if trainer.history.training:
        name = Path(options.text).name if options.text else "pydoc_data.topics"
        title = f"{options.layers} x {options.hidden} LSTM as a graph of modules, on {name}"
        typer.echo(f"   wrote {out / CHECKPOINT}")
        if pictures.write(out / "loss.svg", partial(draw_losses, trainer.history, title=title)):
            typer.echo(f"   wrote {out / 'loss.svg'}")


def show_sample(
    trainer: Trainer, vocabulary: Vocabulary, options: Options, length: int, temperature: float
) -> None:
    """Stage 5: text."""
    if not length:
        return
    states = initial_states(options.layers, options.hidden, 1)
    prime = PRIME if set(PRIME) <= set(vocabulary.characters) else ""
    text = sample(
        trainer.net,
        vocabulary,
        states,
        length,
        temperature=temperature,
        seed=options.seed,
        prime=prime,
    )
    begun = f" after {prime!r}" if prime else ""
    typer.echo(f"4. {length} characters that it writes{begun} (temperature {temperature:g}):\n")
    typer.echo("\n".join(f"   | {line}" for line in (prime + text).splitlines()))


def show_interruption(trainer: Trainer, options: Options, out: Path) -> None:
    typer.echo(f"\nInterrupted after {trainer.batches_done:,} batches; nothing is lost.")
    typer.echo(f"  continue with: graphnet lstm --out {out} --resume --epochs {options.epochs}")


def show_next(checkpoint: Path, out: Path, epochs: int) -> None:
    typer.echo("\nnext:")
    typer.echo(f"  graphnet sample {checkpoint} --temperature 0.5     more text")
    typer.echo(f"  graphnet lstm --out {out} --resume --epochs {epochs + 5}     train on")
