"""Runs the cells of a notebook in IPython, as Jupyter does, and writes what each of them showed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config


def main(notebook: str, report: str) -> None:
    settings = Config()
    settings.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=settings)
    shown: list[dict[str, Any]] = []
    shell.displayhook.write_format_data = lambda data, metadata=None: shown.append(data)
    told = []
    for cell in json.loads(Path(notebook).read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            with capture_output() as captured:
                result = shell.run_cell("".join(cell["source"]), store_history=True)
            said = captured.stdout + captured.stderr
            if not result.success:
                raise SystemExit(said)
            shown += [output.data for output in captured.outputs]
            told.append({"said": said, "shown": list(shown)})
            shown.clear()
    Path(report).write_text(json.dumps(told), encoding="utf-8")


main(*sys.argv[1:])
