"""The commands together, and how their errors are shown: one message, exit code 2."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from graphnet.cli.check import check_command
from graphnet.cli.compile import compile_command
from graphnet.cli.doctor import doctor_command
from graphnet.cli.draw import draw_command
from graphnet.cli.summary import summary_command
from graphnet.cli.text.lstm import lstm_command
from graphnet.cli.text.sample import sample_command
from graphnet.errors import GraphnetError

app = typer.Typer(
    name="graphnet",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("lstm")(lstm_command)
app.command("sample")(sample_command)
app.command("draw")(draw_command)
app.command("summary")(summary_command)
app.command("check")(check_command)
app.command("compile")(compile_command)
app.command("doctor")(doctor_command)


def show_version(wanted: bool) -> None:
    if wanted:
        from graphnet import __version__

        typer.echo(f"graphnet {__version__}")
        raise typer.Exit


@app.callback()
def graphnet(
    version: Annotated[
        bool,
        typer.Option("--version", callback=show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Dataflow graphs of neural network modules: wire them, run them, look inside, draw them.

    \b
    graphnet lstm --quick                        an LSTM that learns to write, in a minute
    graphnet sample lstm/checkpoint.gn           more of its text
    graphnet draw lstm_cell -o lstm.svg          a cell of the library, as a picture
    graphnet draw cell.py:net -o cell.svg        a net in a file of yours
    graphnet summary wave.gn --input 50,16,1     shapes and costs of a saved net
    graphnet check wave.gn                       is the file whole, and what is in it
    graphnet doctor                              what is missing on this machine

    graphnet COMMAND --help says more.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; ends with SystemExit, as programs do."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may not know every character
            stream.reconfigure(errors="backslashreplace")
    try:
        app(args=None if arguments is None else list(arguments), prog_name="graphnet")
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (GraphnetError, OSError) as error:
        print(f"graphnet: {message(error)}", file=sys.stderr)
        sys.exit(2)
    except MemoryError as error:
        print(f"graphnet: not enough memory: {error}", file=sys.stderr)
        sys.exit(2)


def message(error: Exception) -> str:
    """What an error says, without Python's numbers and class names."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    return str(error)
