"""LLVM's knowledge of processors: which names it knows, and what each processor can do.

It has no function to ask for either. An unknown name it reports on stderr alone, and takes for the
plainest processor. What a processor can do shows in what is inlined: a function that needs a
feature becomes part of another one only if the processor of that one has the feature.
"""

from __future__ import annotations

import functools
import re
import tempfile
from typing import Any

import llvmlite.binding as llvm
from llvmlite.binding.newpassmanagers import NewPassManager

from graphnet import forkable
from graphnet.stderr import stderr_to

OPTIMISATION = 3
"""Of the generation of code."""
PASSES = 1
"""Of the passes before: what comes to them is vectors and tiles, and more of them found nothing."""

HIDDEN = {
    "clwb", "clzero", "cldemote", "enqcmd", "fsgsbase", "hreset", "invpcid", "kl", "lwp",
    "mwaitx", "pconfig", "pku", "prefetchi", "ptwrite", "rdpid", "rdpru", "rdrnd", "rdseed",
    "rtm", "serialize", "sgx", "shstk", "tsxldtrk", "uintr", "waitpkg", "wbnoinvd", "widekl",
    "xsave", "xsavec", "xsaveopt", "xsaves",
}  # fmt: skip
"""Features of use to operating systems, which no kernel has: virtual machines often hide them."""

NEEDS = """define void @needs_{number}(ptr %x) #{number} {{
  store volatile i8 0, ptr %x
  ret void
}}
"""


_llvm_lock = getattr(llvm.ffi.lib, "_lock", None)
if _llvm_lock is not None:  # what another thread leaves half-done inside LLVM is never usable
    forkable.delay_forks(_llvm_lock.__enter__, _llvm_lock.__exit__)


@functools.cache
def initialize() -> None:
    """Doing it twice does no harm, so threads that come at the same time need no lock."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


def create_machine(name: str, features: str) -> Any:
    initialize()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    return target.create_target_machine(name, features, opt=OPTIMISATION, jit=True)


def run_passes(module: Any, machine: Any) -> None:
    options = llvm.create_pipeline_tuning_options(speed_level=PASSES)
    builder = llvm.create_pass_builder(machine, options)
    passes = builder.getModulePassManager()
    passes.run(module, builder)
    # llvmlite never frees them by itself: ObjectRef, the first base, hides this method.
    NewPassManager._dispose(passes)
    passes.detach()


def is_x86() -> bool:
    return bool(llvm.get_process_triple().startswith("x86_64"))


def least_features() -> str:
    """The features that code must have; without them LLVM ends the process."""
    return "+64bit" if is_x86() else ""


@functools.cache
def is_known(name: str) -> bool:
    """Whether LLVM knows a processor of that name; ``help`` would print all of them."""
    if name == "help":
        return False
    with tempfile.TemporaryFile() as file:
        with stderr_to(file):
            create_machine(name, least_features())
        file.seek(0)
        said = file.read().decode(errors="replace")
    return f"'{name}' is not a recognized processor" not in said


@functools.cache
def features_of(name: str, features: str) -> frozenset[str]:
    """Of the features that LLVM looks for in the host, those of a known processor."""
    names = sorted(llvm.get_host_cpu_features())
    module = llvm.parse_assembly(questions(names, name, features))
    run_passes(module, create_machine("generic", least_features()))
    refused = re.findall(r"call void @needs_(\d+)\(", str(module))
    return frozenset(names) - {names[int(number)] for number in refused}


def questions(names: list[str], name: str, features: str) -> str:
    """A function for each feature, and one for the processor, which calls them all."""
    numbers = range(len(names))
    functions = [NEEDS.format(number=n) for n in numbers]
    calls = [f"  call void @needs_{n}(ptr %x)" for n in numbers]
    asked = f"define void @asked(ptr %x) #{len(names)} {{"
    least = f"{least_features()}," if least_features() else ""
    attributes = [
        f'attributes #{n} = {{ "target-features"="{least}+{names[n]}" }}' for n in numbers
    ]
    own = f'attributes #{len(names)} = {{ "target-cpu"="{name}" "target-features"="{features}" }}'
    return "\n".join([*functions, asked, *calls, "  ret void\n}", *attributes, own])
