"""The user's place in the source: which line of which file made a node, or is to be warned."""

from __future__ import annotations

import os
import sys
import warnings
from functools import cache
from types import CodeType, FrameType

PACKAGE = os.path.dirname(__file__) + os.sep  # noqa: PTH120 (compared with names of code files)
COMMANDS = PACKAGE + "cli" + os.sep
GRAPH = PACKAGE + "graph" + os.sep, PACKAGE + "tracebacks.py"
"""Where nodes are made, and the wrappers of functions."""


def calling_frame(
    outside: str | tuple[str, ...] = PACKAGE, start: FrameType | None = None
) -> FrameType:
    """The innermost running frame, or that from ``start`` on, of no code in the given places."""
    frame: FrameType | None = start or sys._getframe(1)
    last = frame
    while frame is not None:
        if not frame.f_code.co_filename.startswith(outside):
            assert last is not None
            return library_frame() if is_command(last) else frame
        last, frame = frame, frame.f_back
    assert last is not None
    return last


def is_own(code: CodeType) -> bool:
    """Whether code lies in graphnet."""
    return code.co_filename.startswith(PACKAGE)


def packages_of(error: BaseException) -> set[str]:
    """The packages through whose functions an exception passed."""
    found, trace = set(), error.__traceback__
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        found.add(module.partition(".")[0])
        trace = trace.tb_next
    return found


def is_command(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(COMMANDS)


def library_frame() -> FrameType:
    """Under the command line, where no code is the user's: the function that a command called."""
    frame = found = sys._getframe(1)
    while not is_command(frame) and frame.f_back is not None:
        if not frame.f_code.co_filename.startswith(GRAPH):
            found = frame
        frame = frame.f_back
    return found


def calling_line() -> tuple[str, int]:
    """File and line of the user's code that is running."""
    frame = calling_frame()
    return frame.f_code.co_filename, frame.f_lineno


def warn(text: str, category: type[Warning] = UserWarning) -> None:
    """A warning of the user's line that is running."""
    warnings.warn_explicit(text, category, *calling_line())


@cache
def warn_once(text: str, category: type[Warning] = UserWarning) -> None:
    """``warn``, once in this process for each text."""
    warn(text, category)


def short_name(file: str) -> str:
    """The name of a file without its folders; of a notebook's cell its number, ``In[5]``."""
    if "ipykernel" in file or file.startswith("<ipython"):
        return cell_name(file)
    return os.path.basename(file)  # noqa: PTH119 (a hot path)


def cell_name(file: str) -> str:
    """A cell as IPython numbers it; IPython's name of its code where it does not know the cell."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    found = shell.compile.format_code_name(file) if shell else None
    return found[1] if found else os.path.basename(file)  # noqa: PTH119


def place(file: str, line: int) -> str:
    """``cell.py:18``"""
    return f"{short_name(file)}:{line}"
