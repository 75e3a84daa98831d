"""The command line, and a folder with a text and nets."""

import pytest

from graphnet.cli import main
from tests.support.command_line import NETS, TEXT


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working folder with a text and a file of nets."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text(TEXT)
    (tmp_path / "nets.py").write_text(NETS)
    return tmp_path


@pytest.fixture
def graphnet(capsys):
    """Runs the command line in this process: (exit code, output, errors)."""

    def run(*arguments):
        try:
            main(arguments)
            code = 0
        except SystemExit as end:
            code = end.code or 0
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
