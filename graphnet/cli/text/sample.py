"""``graphnet sample``: text from a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphnet.errors import DataError


def sample_command(
    checkpoint: Annotated[Path, typer.Argument(help="A file that graphnet lstm has written.")],
    length: Annotated[int, typer.Option("--length", "-n", min=0, help="Characters to draw.")] = 500,
    temperature: Annotated[
        float, typer.Option(min=0, help="1: as it was learned; less: safer; 0: the likeliest.")
    ] = 0.7,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same text.")] = 0,
    prime: Annotated[str, typer.Option(help="Text to begin with.")] = "",
) -> None:
    """Draw text from a trained model.

    \b
    graphnet sample lstm/checkpoint.gn
    graphnet sample lstm/checkpoint.gn -n 2000 --temperature 0.5 --prime "The "
    """
    from graphnet.train import initial_states, sample
    from graphnet.train.text.saved_model import read_character_model

    if checkpoint.is_dir():
        raise DataError(f"{checkpoint} is a folder", "Name the checkpoint in it, a .gn file.")
    model = read_character_model(checkpoint)
    text = sample(
        model.net,
        model.vocabulary,
        initial_states(model.layers, model.hidden, 1),
        length,
        temperature=temperature,
        seed=seed,
        prime=prime,
    )
    typer.echo(prime + text)
