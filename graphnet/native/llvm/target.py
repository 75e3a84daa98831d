"""The processor and LLVM's code generator: IR as text becomes a function that Python can call.

``GRAPHNET_CPU`` names a lesser processor than the host, by LLVM's name for it (``haswell``,
``nehalem``): code is then made for that one, which shows what users of such machines get.
"""

from __future__ import annotations

import ctypes
import functools
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import llvmlite
import llvmlite.binding as llvm

from graphnet import forkable
from graphnet.errors import GraphnetError
from graphnet.native.llvm import object_cache
from graphnet.native.llvm.cpu_features import (
    HIDDEN,
    OPTIMISATION,
    create_machine,
    features_of,
    initialize,
    is_known,
    is_x86,
    least_features,
    run_passes,
)

DECLARED = re.compile(r'^declare [^@\n]*@"?(?!llvm\.)([\w.$]+)', re.MULTILINE)

PROBE = """
declare <16 x float> @llvm.fma.v16f32(<16 x float>, <16 x float>, <16 x float>)

define <16 x float> @probe(<16 x float> %a, <16 x float> %b, <16 x float> %c) {
  %y = call <16 x float> @llvm.fma.v16f32(<16 x float> %a, <16 x float> %b, <16 x float> %c)
  ret <16 x float> %y
}
"""


@dataclass(frozen=True)
class Processor:
    """A processor to make code for."""

    name: str
    features: str
    """In LLVM's notation, ``+avx2,-avx512f``: beside those that the name implies."""
    vector_bytes: int
    has_fma: bool

    def lanes(self, size: int) -> int:
        """Lanes of a register, for elements of so many bytes."""
        return self.vector_bytes // size


def host() -> Processor:
    """The processor to make code for: the host, or the one that ``GRAPHNET_CPU`` names."""
    return require_lesser(processor(os.environ.get("GRAPHNET_CPU", "")), processor())


def require_lesser(wanted: Processor, own: Processor) -> Processor:
    """Refuse a processor with instructions that the other one does not have.

    Features that are of use to operating systems alone do not count.
    """
    if wanted == own:
        return wanted
    has, may_have = (features_of(p.name, p.features) for p in (wanted, own))
    if missing := sorted(has - may_have - HIDDEN):
        raise GraphnetError(
            f"asks for the processor {wanted.name}, expected one without instructions that "
            f"{own.name} lacks, received one with {', '.join(missing)}",
            f"Name a lesser one, or unset GRAPHNET_CPU to make code for {own.name}.",
            subject="GRAPHNET_CPU",
        )
    return wanted


@functools.cache
def processor(name: str = "") -> Processor:
    """The processor of that name, of the host without one; raises GraphnetError for an unknown one.

    The code that LLVM makes for one operation on sixteen numbers shows the width of a register,
    and whether fma is an instruction.
    """
    initialize()
    if name and not is_known(name):
        examples = "x86-64, nehalem, haswell" if is_x86() else "generic, cortex-a72, neoverse-n1"
        raise GraphnetError(
            f"names {name!r}, expected a processor by LLVM's name for it: {examples}, …",
            f"Unset GRAPHNET_CPU to make code for this machine ({llvm.get_host_cpu_name()}).",
            subject="GRAPHNET_CPU",
        )
    features = least_features() if name else llvm.get_host_cpu_features().flatten()
    name = name or llvm.get_host_cpu_name()
    machine = create_machine(name, features)
    code = machine.emit_assembly(llvm.parse_assembly(PROBE))
    vector_bytes = 64 if "%zmm" in code else 32 if "%ymm" in code else 16
    return Processor(name, features, vector_bytes, has_fma="fmaf" not in code)


class Engine:
    """Machine code in memory; it stays as long as the engine does."""

    def __init__(self, engine: Any, from_disk: bool = False) -> None:
        self._engine, self.from_disk = engine, from_disk

    def address(self, name: str) -> int:
        with forkable.Delayed():  # llvmlite has a lock
            address: int = self._engine.get_function_address(name)
        assert address, f"the module has no function {name}"
        return address

    def data_address(self, name: str) -> int:
        with forkable.Delayed():
            address: int = self._engine.get_global_value_address(name)
        assert address, f"the module has no data {name}"
        return address

    def __del__(self) -> None:
        if not sys.is_finalizing():
            with forkable.Delayed(in_hook=True) as delayed:
                self._engine.close()
            _ = [*delayed.strikes()]


class NativeFunction:
    """A compiled function, called with ctypes values. Calls do not hold Python's lock.

    It keeps its engine, so the code lives as long as the last kernel of its module.
    """

    def __init__(self, engine: Engine, name: str, *arguments: Any, result: Any = None) -> None:
        self._engine = engine
        self.address = engine.address(name)
        self.pointer = ctypes.CFUNCTYPE(result, *arguments)(self.address)

    def __call__(self, *arguments: Any) -> Any:
        return self.pointer(*arguments)


@dataclass(frozen=True)
class Compilations:
    """Modules that this process compiled, and loaded from disk."""

    compiled: int = 0
    loaded: int = 0


_compilations = Compilations()
_counting = forkable.Lock()


def compilations() -> Compilations:
    return _compilations


def count(compiled: int = 0, loaded: int = 0) -> None:
    global _compilations
    with _counting:
        before = _compilations
        _compilations = replace(
            before, compiled=before.compiled + compiled, loaded=before.loaded + loaded
        )


def optimised(text: str, processor: Processor, optimise: bool = True) -> tuple[Any, Any]:
    machine = create_machine(processor.name, processor.features)
    module = llvm.parse_assembly(text)
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    module.verify()
    if optimise:
        run_passes(module, machine)
    return module, machine


def compile_module(text: str, processor: Processor | None = None, optimise: bool = True) -> Engine:
    """The functions of a module, given as IR, for a processor (the host).

    Functions that it declares are those of the process, and what ``define_symbol`` named.
    ``optimise=False`` is for code that is written as it should run.
    """
    return compile_emitted(text, lambda: text, processor, optimise, DECLARED.findall(text))


def compile_emitted(
    identity: str,
    emit: Callable[[], str],
    processor: Processor | None = None,
    optimise: bool = True,
    declared: Sequence[str] = (),
) -> Engine:
    """A module that is emitted only if it is not on disk under its identity."""
    processor = processor or host()
    key = object_cache.key(
        identity, processor.name, processor.features, f"O{OPTIMISATION if optimise else 0}",
        llvm.get_process_triple(), llvmlite.__version__, str(llvm.llvm_version_info),
    )  # fmt: skip
    code = object_cache.found(key)
    from_disk = code is not None
    if code is not None:
        count(loaded=1)
    else:
        module, machine = optimised(emit(), processor, optimise)
        code = machine.emit_object(module)
        count(compiled=1)
        object_cache.keep(key, code)
    return load(code, processor, declared, from_disk)


def load(
    code: bytes, processor: Processor, declared: Sequence[str], from_disk: bool = False
) -> Engine:
    machine = create_machine(processor.name, processor.features)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    missing = [name for name in declared if not llvm.address_of_symbol(name)]
    assert not missing, f"no module has {missing}, without which LLVM would end the process"
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return Engine(engine, from_disk)


def define_symbol(name: str, address: int) -> None:
    """A function that modules linked from now on may declare; it must stay where it is."""
    llvm.add_symbol(name, address)


def assembly(text: str, processor: Processor | None = None) -> str:
    """The assembly code of a module, for people and tests."""
    module, machine = optimised(text, processor or host())
    code: str = machine.emit_assembly(module)
    return code
