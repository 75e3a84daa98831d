"""Processors: known by name, refused if this machine lacks their features."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import replace

import pytest

pytest.importorskip("llvmlite")

from llvmlite import binding as llvm

from graphnet.errors import GraphnetError
from graphnet.native.llvm.cpu_features import features_of
from graphnet.native.llvm.target import (
    processor,
    require_lesser,
)
from graphnet.stderr import stderr_to
from tests.support.paths import ROOT
from tests.support.processors import LESSER

HOST = processor()


CHECKED = {"host": HOST, **{name: processor(name) for name in LESSER}}


@pytest.mark.skipif("nehalem" not in CHECKED, reason="names of another architecture")
def test_a_processor_is_known_by_its_name() -> None:
    known = {name: processor(name) for name in ("nehalem", "haswell", "skylake-avx512")}
    assert [cpu.vector_bytes for cpu in known.values()] == [16, 32, 64]
    assert [cpu.has_fma for cpu in known.values()] == [False, True, True]
    assert known["haswell"].lanes(4) == 8


@pytest.mark.skipif("nehalem" not in CHECKED, reason="names of another architecture")
def test_a_greater_processor_is_refused() -> None:
    lesser, greater = processor("nehalem"), processor("haswell")
    assert require_lesser(lesser, greater) is lesser
    with pytest.raises(GraphnetError, match="GRAPHNET_CPU asks for the processor haswell"):
        require_lesser(greater, lesser)


@pytest.mark.skipif("nehalem" not in CHECKED, reason="names of another architecture")
@pytest.mark.parametrize(
    ("wanted", "own", "missing"),
    [
        ("znver5", "znver4", "received one with .*avxvnni"),
        ("bdver4", "skylake-avx512", "received one with fma4, "),
        ("x86-64-v2", "x86-64", "received one with .*sse4.2"),
    ],
)
def test_registers_as_wide_are_not_enough(wanted: str, own: str, missing: str) -> None:
    assert processor(wanted).vector_bytes <= processor(own).vector_bytes
    with pytest.raises(
        GraphnetError, match=f"asks for the processor {wanted}, .* {own} lacks, {missing}"
    ):
        require_lesser(processor(wanted), processor(own))


@pytest.mark.skipif("nehalem" not in CHECKED, reason="names of another architecture")
def test_what_a_virtual_machine_hides_is_not_missed() -> None:
    wanted = processor("skylake-avx512")
    own = replace(wanted, features=f"{wanted.features},-pku,-clwb")
    assert {"pku", "clwb"} == features_of(wanted.name, wanted.features) - features_of(
        own.name, own.features
    )
    assert require_lesser(wanted, own) is wanted


@pytest.mark.skipif("nehalem" not in CHECKED, reason="names of another architecture")
def test_features_are_those_that_llvm_finds_in_the_host() -> None:
    expected = {name for name, has in llvm.get_host_cpu_features().items() if has}
    assert features_of(HOST.name, HOST.features) == expected


@pytest.mark.parametrize("name", ["fantasy", "Haswell", " ", "a'b", "help"])
def test_an_unknown_processor_is_refused(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    expected = re.escape(f"GRAPHNET_CPU names {name!r}, expected a processor by LLVM's name for it")
    with pytest.raises(GraphnetError, match=f"{expected}.*\n  Unset GRAPHNET_CPU to make code for"):
        processor(name)
    assert capfd.readouterr() == ("", ""), "LLVM's own words would be said again for each kernel"


def test_what_others_write_meanwhile_is_read_and_the_way_is_open_again(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with tempfile.TemporaryFile() as file, stderr_to(file):
        os.write(2, b"inside")
        file.seek(0)
        assert file.read() == b"inside"
    os.write(2, b"outside")
    assert capfd.readouterr().err == "outside"


@pytest.mark.skipif("haswell" not in CHECKED, reason="the host is no x86 with AVX2")
def test_the_environment_names_a_processor() -> None:
    code = (
        "import tests.native.llvm.test_transcendental as t\n"
        "from graphnet.native.llvm.target import host\n"
        "print(host().name, host().vector_bytes, '%zmm' in t.assembly("
        "t.module_text('tanh', t.np.float32, 16, True)))"
    )
    environment = os.environ | {"GRAPHNET_CPU": "haswell"}
    finished = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stdout.split() == ["haswell", "32", "False"]
