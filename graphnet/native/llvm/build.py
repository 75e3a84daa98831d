"""Modules of kernels: compiled, or loaded from disk by what they compute."""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from llvmlite import ir

from graphnet.native.llvm.ir_helpers import INDEX
from graphnet.native.llvm.target import Engine, Processor, compile_emitted


def source_digest(folder: Path = Path(__file__).parents[1]) -> str | None:
    """Of the code that makes code: object files of another version are not used.

    None where no sources can be read (the package is in an archive).
    """
    found = sorted(folder.rglob("*.py*"))  # sources, or what they compile to
    files = [path for path in found if path.is_file() and path.parent.name != "__pycache__"]
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest() if files else None


# Read here, with the modules just imported, and not later, when they might have been edited.
DIGEST = source_digest()


def compiled_module(
    keys: Sequence[str], emit: Callable[[], str], processor: Processor, optimise: bool = True
) -> Engine:
    """The module that holds kernels of these keys; its text is made only if it is not on disk."""
    if DIGEST is None:
        text = emit()
        return compile_emitted(text, lambda: text, processor, optimise)
    return compile_emitted("\n".join((DIGEST, *keys)), emit, processor, optimise)


def with_numbers(module: ir.Module, name: str, numbers: Sequence[int]) -> None:
    """Store numbers in the module, for its caller."""
    kind = ir.ArrayType(INDEX, len(numbers) + 1)
    data = ir.GlobalVariable(module, kind, name)
    data.initializer = ir.Constant(kind, [len(numbers), *numbers])
    data.global_constant = True


def numbers_in(engine: Engine, name: str) -> list[int]:
    address = engine.data_address(name)
    count = ctypes.c_int64.from_address(address).value
    return list((ctypes.c_int64 * (count + 1)).from_address(address))[1:]
