"""``graphnet doctor``: each line is ok, or says what to type."""

import os
import subprocess
import sys

import pytest

from graphnet.cli.diagnosis import CHECKS, Finding, found
from graphnet.errors import GraphnetError


def doctor(**environment):
    """Its exit code, and its lines by their names."""
    result = subprocess.run(
        [sys.executable, "-m", "graphnet", "doctor"], env=os.environ | environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.stderr == ""
    return result.returncode, result.stdout.splitlines()


def line_of(name, lines):
    """What is said of a name, with the remedy below it."""
    at = next(i for i, line in enumerate(lines) if line[4:].startswith(name))
    remedy = lines[at + 1] if at + 1 < len(lines) and "  -> " in lines[at + 1] else ""
    return lines[at] + remedy


def test_every_line_is_ok_or_has_a_remedy(tmp_path):
    pytest.importorskip("llvmlite")
    code, lines = doctor(GRAPHNET_CACHE=str(tmp_path / "cache"), GRAPHNET_THREADS="3")
    heads = [line for line in lines if "  -> " not in line]
    assert len(heads) == len(CHECKS)
    assert code == any(not line.startswith("ok  ") for line in heads)
    assert line_of("versions", lines).startswith("ok  versions")
    assert "3, of " in line_of("threads", lines)
    assert "by GRAPHNET_THREADS" in line_of("threads", lines)
    assert "a training step was compiled and ran" in line_of("machine code", lines)
    assert f"{tmp_path / 'cache'}: " in line_of("cache", lines)
    assert not list((tmp_path / "cache").glob("*.trial"))


def test_what_is_wrong_says_what_to_type(tmp_path):
    pytest.importorskip("llvmlite")
    (tmp_path / "file").write_text("")
    code, lines = doctor(
        GRAPHNET_CACHE=str(tmp_path / "file" / "cache"), GRAPHNET_CPU="nonsense",
        GRAPHNET_THREADS="many",
    )  # fmt: skip
    assert code == 1
    assert "cannot be written" in line_of("cache", lines)
    assert "-> GRAPHNET_CACHE=<a folder of your own>" in line_of("cache", lines)
    assert "names 'nonsense'" in line_of("processor", lines)
    assert "asks for 'many' threads" in line_of("threads", lines)


@pytest.mark.skipif(os.name != "posix", reason="modes of folders are a matter of POSIX")
def test_a_cache_that_others_may_write_to(tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    folder.chmod(0o777)
    code, lines = doctor(GRAPHNET_CACHE=str(folder))
    assert code == 1
    assert f"{folder} is not used: other users may write to it" in line_of("cache", lines)
    assert f"-> chmod go-w {folder}" in line_of("cache", lines)


def test_no_cache_is_well():
    code, lines = doctor(GRAPHNET_CACHE="off")
    assert line_of("cache", lines).startswith("ok  cache ")
    assert code == any(line.startswith("    ") for line in lines)


def test_a_fault_while_looking_is_a_finding():
    def broken():
        raise ZeroDivisionError("division by zero")

    def refused():
        raise GraphnetError("asks for too much", "Ask for less.", "GRAPHNET_THREADS")

    assert found("a", broken).text == "ZeroDivisionError: division by zero"
    assert found("a", broken).remedy.startswith("pip install")
    assert found("b", refused) == Finding(
        "b", "GRAPHNET_THREADS asks for too much", "Ask for less."
    )
