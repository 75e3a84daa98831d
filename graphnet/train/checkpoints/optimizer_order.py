"""The order of an optimiser's parameters: its vectors, found in another order, put into its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from graphnet.errors import FormatError
from graphnet.graph import Module, Parameter
from graphnet.ir.core.types import NDArray


def order_of(trained: Iterable[Parameter], net: Module) -> list[int] | None:
    """The place of each trained parameter among those of the net; None if one is not there."""
    places = {parameter: place for place, parameter in enumerate(net.parameters())}
    parameters = list(trained)
    return [places[p] for p in parameters] if all(p in places for p in parameters) else None


def in_order_of(
    trained: Iterable[Parameter], net: Module, noted: Any, vectors: Mapping[str, NDArray]
) -> dict[str, NDArray]:
    """Vectors (numbers,) of parameters in the ``noted`` order, in that of the trained ones.

    Without a note, as in files of former releases, they are left as they are. Raises FormatError if
    they are of other parameters; what is of another size is left to the optimiser's own check.
    """
    own = order_of(trained, net)
    if own is None or noted is None or noted == own:
        return dict(vectors)
    if not isinstance(noted, list) or sorted(noted) != sorted(own):
        names = [name for name, _ in net.named_parameters()]
        places = [i for i in noted if type(i) is int and 0 <= i < len(names)]
        found = ", ".join(names[i] for i in places) or "none of the net's parameters"
        raise FormatError(
            f"holds the state of an optimiser of {found}",
            f"Make it for the same parts of the net; this one is of "
            f"{', '.join(names[i] for i in own)}.",
            "The checkpoint",
        )
    sizes = [parameter.size for parameter in net.parameters()]
    cuts = np.cumsum([sizes[place] for place in noted])[:-1]
    mapped = dict(vectors)
    for name, vector in vectors.items():
        if vector.shape == (sum(sizes[place] for place in noted),):
            pieces = dict(zip(noted, np.split(vector, cuts), strict=True))
            mapped[name] = np.concatenate([pieces[place] for place in own])
    return mapped
