"""The examples run as they stand, are short, and write what they say."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def run_example(name, folder, *arguments):
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("name", ["lstm.py", "blog.py"])
def test_examples_are_short(name):
    assert len((EXAMPLES / name).read_text().splitlines()) <= 60


def test_blog(tmp_path):
    output = run_example("blog.py", tmp_path)
    assert "CMulTable" in output
    assert "<svg" in (tmp_path / "blog.svg").read_text()


def test_lstm_quick_and_resumed(tmp_path):
    (tmp_path / "text.txt").write_text("she sells sea shells by the sea shore\n" * 60)
    output = run_example("lstm.py", tmp_path, "--quick", "--text", "text.txt")
    assert float(output.split("equations: ")[1].split()[0]) < 1e-14
    written = {path.name for path in (tmp_path / "lstm").iterdir()}
    assert written == {
        "lstm_cell.svg",
        "lstm_cell_backward.svg",
        "loss.svg",
        "example.gn",
    }
    before = (tmp_path / "lstm" / "example.gn").read_bytes()
    run_example("lstm.py", tmp_path, "--quick", "--text", "text.txt", "--resume")
    assert (tmp_path / "lstm" / "example.gn").read_bytes() == before
