"""``graphnet sample``: text from a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphnet.errors import FormatError
from graphnet.graph.storage import read


def sample_command(
    checkpoint: Annotated[Path, typer.Argument(help="A file that graphnet lstm has written.")],
    length: Annotated[int, typer.Option("--length", "-n", min=0, help="Characters to draw.")] = 500,
    temperature: Annotated[
        float, typer.Option(min=0, help="1: as it was learned; less: safer; 0: the likeliest.")
    ] = 0.7,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same text.")] = 0,
    prime: Annotated[str, typer.Option(help="Text to begin with.")] = "",
) -> None:
    """Draw text from a trained model: graphnet sample lstm/checkpoint.safetensors"""
    from graphnet.train import Vocabulary, initial_states, sample

    stored = read(checkpoint)
    needed = {"vocabulary": str, "layers": int, "hidden": int}
    missing = [n for n, kind in needed.items() if not isinstance(stored.notes.get(n), kind)]
    if missing:
        raise FormatError(
            f"holds a net, but no {' and no '.join(missing)}",
            "Expected a checkpoint of graphnet lstm.",
            checkpoint.name,
        )
    vocabulary = Vocabulary(stored.notes["vocabulary"])
    states = initial_states(stored.notes["layers"], stored.notes["hidden"], 1)
    text = sample(
        stored.module, vocabulary, states, length, temperature=temperature, seed=seed, prime=prime
    )
    typer.echo(prime + text)
