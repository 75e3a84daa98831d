"""What graphnet finds on a machine: versions, processor, cache, renderers, and remedies."""

from __future__ import annotations

import os
import platform
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from time import perf_counter

import numpy as np

from graphnet.errors import GraphnetError

TRIAL = f"{'0' * 64}.trial"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, and what to do about it: nothing, if it is well."""

    name: str
    text: str
    remedy: str = ""


def findings() -> Iterator[Finding]:
    """All findings; a fault in one does not hide the others."""
    yield from (found(name, find) for name, find in CHECKS.items())


def found(name: str, find: Callable[[], Finding]) -> Finding:
    """A finding, also where looking for it fails."""
    try:
        return find()
    except GraphnetError as error:
        return Finding(name, f"{error.subject} {error.problem}".strip(), error.hint or REINSTALL)
    except Exception as error:
        return Finding(name, f"{type(error).__name__}: {error}", REINSTALL)


REINSTALL = "pip install --force-reinstall graphnet"
OWN_FOLDER = "GRAPHNET_CACHE=<a folder of your own>, or GRAPHNET_CACHE=off"


def versions() -> Finding:
    from graphnet import __version__

    text = f"graphnet {__version__}, Python {platform.python_version()}, NumPy {np.__version__}"
    return Finding("versions", f"{text}, {platform.system()} on {platform.machine()}")


def compiler() -> Finding:
    """llvmlite, which makes machine code."""
    try:
        installed = version("llvmlite")
        import llvmlite.binding  # noqa: F401 (it loads LLVM)
    except (PackageNotFoundError, ImportError, OSError) as error:
        text = f"cannot be imported, so nets run in the interpreter: {error}"
        return Finding("llvmlite", text, "pip install llvmlite")
    return Finding("llvmlite", installed)


def processor() -> Finding:
    from graphnet.native import is_available

    if not is_available():
        return Finding("processor", platform.processor() or platform.machine())
    from graphnet.native.llvm.target import host

    wanted = host()
    named = ", by GRAPHNET_CPU" if os.environ.get("GRAPHNET_CPU") else ""
    return Finding("processor", f"{wanted.name}, vectors of {wanted.vector_bytes} bytes{named}")


def threads() -> Finding:
    from graphnet.native.runtime.thread_count import cores
    from graphnet.native.runtime.thread_count import threads as count

    named = ", by GRAPHNET_THREADS" if os.environ.get("GRAPHNET_THREADS") else ""
    return Finding("threads", f"{count()}, of {cores()} cores for this process{named}")


def machine_code() -> Finding:
    """A training step, compiled and run."""
    import graphnet as gn
    from graphnet.native import is_available

    if not is_available():
        return Finding("machine code", "none: see llvmlite", "pip install llvmlite")
    step = gn.compile_step(gn.nn.Linear(3, 2), gn.nn.MSECriterion())
    start = perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of the cache, which has its own line
        warnings.simplefilter("error", gn.native.CompilerWarning)
        step(np.ones((4, 3)), np.zeros((4, 2)))
    seconds = perf_counter() - start
    return Finding("machine code", f"a training step was compiled and ran, in {seconds:.2f} s")


def cache() -> Finding:
    """The folder of machine code, tried by writing to it."""
    from graphnet.native.llvm.cache_folder import NotOwn, opened
    from graphnet.native.llvm.object_cache import CAPACITY, NAME, folder

    place = folder()
    if place is None:
        return Finding("cache", "none: each process compiles its own code")
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with opened(place) as own:
            sizes = [status.st_size for name, status in own.files() if NAME.fullmatch(name)]
            own.write(TRIAL, b"")
            own.remove(TRIAL)
    except NotOwn as reason:
        return Finding(
            "cache", f"{place} is not used: {reason}", f"chmod go-w {place}, or {OWN_FOLDER}"
        )
    except OSError as error:
        text = f"{place} cannot be written ({error.strerror or error})"
        return Finding("cache", text, OWN_FOLDER)
    used, room = sum(sizes) / 2**20, CAPACITY / 2**20
    return Finding("cache", f"{place}: {len(sizes)} files, {used:.1f} of {room:.0f} MiB")


def plots() -> Finding:
    """matplotlib, for curves of losses."""
    try:
        import matplotlib.figure
    except Exception as error:  # missing, or one of its libraries is
        text = f"matplotlib cannot be imported: {error}"
        return Finding("curves", text, "pip install matplotlib")
    return Finding("curves", f"matplotlib {matplotlib.__version__}")


def pictures(format: str) -> Finding:
    """Who renders drawings in a format, each tried with a small graph."""
    from graphnet.drawing.rendering.plain import Plain
    from graphnet.drawing.rendering.render import RENDERERS, advice, attempt, words

    source = "digraph { a -> b }"
    made = {
        name: attempt(renderer, source, format, partial(Plain, source, {}))
        for name, renderer in RENDERERS.items()
    }
    able = [name for name, result in made.items() if isinstance(result, bytes)]
    if able:
        return Finding(f"drawings .{format}", f"by {', else '.join(able)}")
    reasons = [f"{n}: {words(e)}" for n, e in made.items() if isinstance(e, Exception)]
    return Finding(f"drawings .{format}", "; ".join(reasons), advice(format))


def completion() -> Finding:
    """Whether a shell completes the arguments of ``graphnet``."""
    text = "Tab completes arguments after: graphnet --install-completion"
    if find_spec("shellingham"):
        return Finding("completion", text)
    return Finding("completion", "the shell cannot be detected", "pip install shellingham")


CHECKS: dict[str, Callable[[], Finding]] = {
    "versions": versions,
    "llvmlite": compiler,
    "processor": processor,
    "threads": threads,
    "machine code": machine_code,
    "cache": cache,
    "drawings .svg": partial(pictures, "svg"),
    "drawings .png": partial(pictures, "png"),
    "drawings .pdf": partial(pictures, "pdf"),
    "curves": plots,
    "completion": completion,
}
