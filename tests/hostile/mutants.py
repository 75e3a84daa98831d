"""Mutations of graphnet's files: of bytes, of the container, and of the description in it."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphnet.graph.files.checksums import checksum, is_sealed, sealed
from graphnet.graph.files.container import KEY
from graphnet.graph.modules.registry import MODULE_TYPES, constructor_parameters, is_own

HUGE = [2**31, 2**31 - 1, 2**40, 10**12, 2**63, 2**64, 10**300, 250_000_000, 10**6, -(2**63), -1]
ATOMS: list[Any] = [
    *HUGE, 0, 1, 2, 1.0, -0.0, 1e308, float("nan"), float("inf"), True, False, None,
    "", "1", "x", "os.system", "GModule", "Module", "inf", "a.b", ".", "\x00", "é" * 50, "x" * 2000,
    [], {}, [[]], {"module": 0}, {"tuple": [1, 2]}, {"parameter": 0}, {"constant": 0},
    {"float": "nan"}, {"array": [1, 2], "dtype": "float64"}, {"array": [1], "dtype": "O"},
]  # fmt: skip
DTYPES = ["F64", "F32", "F16", "BF16", "I64", "U8", "BOOL", "F8_E4M3", "C64", "I4", "f64", ""]


@dataclass
class Parts:
    """A file taken apart: the safetensors header, the description in it, the bytes of arrays."""

    container: dict[str, Any]
    header: Any
    data: bytearray
    is_sealed: bool
    repeated: list[str] = field(default_factory=list)

    @staticmethod
    def of(content: bytes) -> Parts:
        (length,) = struct.unpack("<Q", content[:8])
        container = json.loads(content[8 : 8 + length])
        text = container["__metadata__"][KEY]
        return Parts(container, json.loads(text), bytearray(content[8 + length :]), is_sealed(text))

    def written(self, reseal: bool) -> bytes:
        """The file again; ``reseal`` makes the checksums right, so that other checks are met."""
        header = self.header
        if self.is_sealed and reseal and isinstance(header, dict):
            self._note_checksums(header)
            text = sealed({k: v for k, v in header.items() if k != "checksum"})
        else:
            text = json.dumps(header)
        for name in self.repeated:
            text = text.replace(f'"{name}": ', f'"{name}": 0, "{name}": ', 1)
        container = dict(self.container)
        metadata = container.get("__metadata__")
        if isinstance(metadata, dict) and KEY in metadata:
            container["__metadata__"] = {**metadata, KEY: text}
        packed = json.dumps(container, separators=(",", ":")).encode()
        packed += b" " * (-len(packed) % 8)
        return struct.pack("<Q", len(packed)) + packed + bytes(self.data)

    def _note_checksums(self, header: dict[str, Any]) -> None:
        noted = header.get("checksums")
        for name, array in self.arrays():
            if isinstance(noted, dict) and isinstance(noted.get(name), dict):
                noted[name]["checksum"] = checksum(array)

    def arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """The arrays that can be read as they are."""
        for name, entry in self.container.items():
            if (array := self._array(entry)) is not None:
                yield name, array

    def _array(self, entry: Any) -> np.ndarray | None:
        kinds = {"F64": "f8", "F32": "f4", "F16": "f2", "I64": "i8", "U8": "u1", "BOOL": "?"}
        try:
            start, stop = entry["data_offsets"]
            values = np.frombuffer(bytes(self.data[start:stop]), kinds[entry["dtype"]])
            return values.reshape(entry["shape"])
        except (KeyError, TypeError, ValueError, OverflowError):
            return None


# ---- bytes


def mutate_bytes(content: bytes, rng: random.Random) -> bytes:
    """One change of the bytes, whatever they mean."""
    data = bytearray(content)
    place = rng.randrange(len(data))
    length = rng.choice((1, 1, 2, 8, 64, 512))
    kind = rng.randrange(9 if len(data) >= 8 else 8)
    if kind == 0:
        data[place] ^= 1 << rng.randrange(8)
    elif kind == 1:
        data[place] = rng.randrange(256)
    elif kind == 2:
        del data[place : place + length]
    elif kind == 3:
        data[place:place] = rng.randbytes(length)
    elif kind == 4:
        data[place:place] = data[place : place + length]
    elif kind == 5:
        del data[place:]
    elif kind == 6:
        other = rng.randrange(len(data))
        data[place : place + length] = data[other : other + length]
    elif kind == 7:
        data[place : place + length] = bytes(len(data[place : place + length]))
    else:
        (stated,) = struct.unpack("<Q", data[:8])
        stated = rng.choice((stated + rng.randrange(-9, 9), *map(abs, HUGE))) % 2**64
        data[:8] = struct.pack("<Q", stated)
    return bytes(data)


# ---- the container


def mutate_container(parts: Parts, rng: random.Random) -> None:
    """One change of dtypes, shapes, offsets or names of arrays, or of the metadata."""
    names = [name for name in parts.container if name != "__metadata__"]
    if not names or rng.random() < 0.01:
        parts.container["__metadata__"] = rng.choice(({}, None, {"graphnet": 1}, {"other": "{}"}))
        return
    name, other = rng.choice(names), rng.choice(names)
    entry = parts.container[name] = dict(parts.container[name])
    change = rng.choice(CONTAINER)
    change(parts, name, other, entry, rng)


def change_dtype(parts: Parts, name: str, other: str, entry: Any, rng: random.Random) -> None:
    entry["dtype"] = rng.choice(DTYPES)


def change_shape(parts: Parts, name: str, other: str, entry: Any, rng: random.Random) -> None:
    shape = entry["shape"] if isinstance(entry["shape"], list) else []
    choices = [shape[::-1], [*shape, 1], shape[1:], [0, *shape], [*shape, 0, 2**62], [-1], "x",
               [rng.choice(HUGE)], [2**32, 2**32], [1] * 70, None, [1.0]]  # fmt: skip
    entry["shape"] = rng.choice(choices)


def change_offsets(parts: Parts, name: str, other: str, entry: Any, rng: random.Random) -> None:
    known = entry["data_offsets"]
    start, stop = known if isinstance(known, list) and len(known) == 2 else (0, 8)
    step = rng.choice((-8, -1, 1, 8, 2**40))
    choices: list[Any] = [[start + step, stop + step], [start, stop + step], [stop, start], [0], "x",
                          [start, rng.choice(HUGE)], parts.container[other].get("data_offsets")]  # fmt: skip
    entry["data_offsets"] = rng.choice(choices)


def change_name(parts: Parts, name: str, other: str, entry: Any, rng: random.Random) -> None:
    new = rng.choice(("parameter.", "parameter.00", "array.x", "constant.0", "", other, name + "0"))
    parts.container[new] = parts.container.pop(name)


def swap_arrays(parts: Parts, name: str, other: str, entry: Any, rng: random.Random) -> None:
    parts.container[name], parts.container[other] = parts.container[other], parts.container[name]


def drop_array(parts: Parts, name: str, other: str, entry: Any, rng: random.Random) -> None:
    del parts.container[name]


def change_values(parts: Parts, name: str, other: str, entry: Any, rng: random.Random) -> None:
    if parts.data:
        place = rng.randrange(len(parts.data))
        parts.data[place : place + 8] = rng.choice((rng.randbytes(8), b"\xff" * 8, b"\0" * 8))


CONTAINER: list[Callable[[Parts, str, str, Any, random.Random], None]] = [
    change_dtype, change_shape, change_offsets, change_name, swap_arrays, drop_array, change_values,
]  # fmt: skip


# ---- the description


Place = tuple[Any, Any]


def place_in(header: Any, rng: random.Random) -> Place | None:
    """An entry somewhere within nested dicts and lists, as its container and key."""
    at, found = header, None
    if rng.random() < 0.8 and isinstance(header, dict) and isinstance(header.get("graph"), dict):
        at = header["graph"].get("modules")
    while isinstance(at, dict | list) and at and (found is None or rng.random() < 0.85):
        key = rng.choice(list(at)) if isinstance(at, dict) else rng.randrange(len(at))
        found = at, key
        at = at[key]
    return found


def mutate_description(parts: Parts, rng: random.Random) -> None:
    """One change of the JSON: of a type, a number, the wiring, a name, the nesting."""
    found = place_in(parts.header, rng)
    if found is None or rng.random() < 0.005:
        parts.header = atom(rng)
        return
    holder, key = found
    kind = rng.randrange(16)
    value = holder[key]
    if kind <= 1:
        holder[key] = atom(rng)
    elif kind <= 5:
        holder[key] = alike(parts.header, value, rng)
    elif kind <= 8 and type(value) in (int, float):
        holder[key] = value + rng.choice((-2, -1, 1, 2))
    elif kind == 9:
        del holder[key]
    elif kind == 10 and isinstance(holder, list):
        holder.insert(rng.randrange(len(holder) + 1), copied(value))
    elif kind == 11 and isinstance(holder, dict):
        other = place_in(parts.header, rng)
        holder[str(other[1]) if other else ""] = holder.pop(key)
    elif kind == 12:
        holder[key] = nested(value, rng)
    elif kind == 13 and isinstance(holder, dict):
        parts.repeated.append(str(key))
    elif kind == 14 and isinstance(holder, list):
        rng.shuffle(holder)
    else:
        retype(parts.header, rng)


def alike(header: Any, value: Any, rng: random.Random) -> Any:
    """Another value of the same type, from elsewhere in the file or from the list of bad ones."""
    others = [atom for atom in ATOMS if type(atom) is type(value)]
    for _ in range(12):
        found = place_in(header, rng)
        if found is not None and type(found[0][found[1]]) is type(value):
            others += [found[0][found[1]]] * 4
    return copied(rng.choice(others)) if others else atom(rng)


def atom(rng: random.Random) -> Any:
    return copied(rng.choice(ATOMS))


def copied(value: Any) -> Any:
    return json.loads(json.dumps(value))


def nested(value: Any, rng: random.Random) -> Any:
    for _ in range(rng.choice((1, 2, 3, 50, 150))):
        value = rng.choice(([value], {"tuple": [value]}, {"module": value}))
    return value


def retype(header: Any, rng: random.Random) -> None:
    """Another class for one of the modules, with its own arguments or with any."""
    try:
        entry = rng.choice(header["graph"]["modules"])
        entry["type"] = rng.choice(own_types())
        if rng.random() < 0.5:
            names = [p.name for p in constructor_parameters(MODULE_TYPES[entry["type"]])]
            entry["arguments"] = {name: atom(rng) for name in names}
    except (KeyError, TypeError, IndexError):
        return


# ---- all of them


def own_types() -> list[str]:
    """graphnet's classes: those of tests depend on which of them have run before."""
    return sorted(name for name, cls in MODULE_TYPES.items() if is_own(cls))


def mutant(content: bytes, rng: random.Random) -> tuple[bytes, bool]:
    """A file near another one, and whether its checksums were made right again."""
    if rng.random() < 0.25:
        for _ in range(rng.choice((1, 1, 1, 2, 5))):
            content = mutate_bytes(content, rng) if content else content
        return content, False
    parts, reseal = Parts.of(content), rng.random() < 0.85
    try:
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            if rng.random() < 0.2:
                mutate_container(parts, rng)
            else:
                mutate_description(parts, rng)
        return parts.written(reseal), reseal
    except RecursionError:  # nested so often that it cannot be written
        return content, reseal
