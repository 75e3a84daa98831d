"""The arguments of ``graphnet lstm`` on the command line: their bounds and what --help says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Text = Annotated[
    str | None,
    typer.Option(help="A UTF-8 text file; by default the documentation inside Python."),
]
Hidden = Annotated[int, typer.Option(min=1, help="Units in each layer.")]
Layers = Annotated[int, typer.Option(min=1, max=100, help="LSTM layers.")]
SeqLength = Annotated[int, typer.Option(min=1, help="Characters that gradients flow back through.")]
BatchSize = Annotated[int, typer.Option(min=1, help="Rows of text side by side.")]
Epochs = Annotated[
    int, typer.Option(min=1, help="Passes over the text, those before --resume included.")
]
LearningRate = Annotated[
    float,
    typer.Option(
        min=0, max=1000, help="Of RMSprop; 0.97 times the last after each epoch from the 10th."
    ),
]
Dropout = Annotated[float, typer.Option(min=0, max=0.99, help="Between layers, while training.")]
Seed = Annotated[
    int, typer.Option(min=0, help="The same seed gives the same training, to the bit.")
]
Out = Annotated[Path, typer.Option(help="Folder for all that is written.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Continue the training in the folder --out.")
]
Length = Annotated[
    int, typer.Option("--sample", min=0, metavar="N", help="Characters of text at the end.")
]
Temperature = Annotated[
    float, typer.Option(min=0, help="Of that text: 1 as it was learned, less: safer.")
]
Quick = Annotated[bool, typer.Option("--quick", help="One layer, one epoch: under a minute.")]
Compile = Annotated[
    bool,
    typer.Option(
        "--compile/--no-compile",
        help="Train in machine code (where llvmlite is installed), or in the interpreter.",
    ),
]
