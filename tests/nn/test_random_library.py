"""Random graphs of the whole library, at random sizes: passes, machine code, PyTorch agree.

``python tests/random_cells.py --library`` runs thousands, by seeds.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("llvmlite")

from graphnet import nn
from tests.nn.test_random_nets import assert_same
from tests.random_nets import graphs
from tests.random_nets.choices import seeded
from tests.random_nets.compare import compiled_differences, torch_differences
from tests.random_nets.library import attention, images, joints, layers, sequences
from tests.random_nets.library.coverage import BY_ROWS, at_random_sizes, module_names
from tests.random_nets.library.graph import given_by, random_library_graph
from tests.random_nets.library.writing import Shape, Write
from tests.random_nets.passes import pass_differences

FAST = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@settings(FAST, max_examples=60)
@given(st.data(), st.booleans())
def test_passes_leave_graphs_as_they_are(data: Any, is_step: bool) -> None:
    assert_same(data, random_library_graph, partial(pass_differences, is_step=is_step))


@settings(FAST, max_examples=60)
@given(st.data())
def test_graphs_give_what_they_give_in_pytorch(data: Any) -> None:
    assert_same(data, random_library_graph, torch_differences)


@settings(FAST, max_examples=4)
@given(st.data())
def test_compiled_graphs(data: Any) -> None:
    assert_same(data, random_library_graph, compiled_differences)


# ---- nothing is left out


def test_every_module_is_drawn_by_its_rows() -> None:
    """A class without rows fails elsewhere; what is left out of random graphs has a reason."""
    assert module_names() - set(graphs.NAMES) == set(graphs.LEFT_OUT) | {"Container", "Criterion"}
    assert all(graphs.LEFT_OUT.values())


def test_every_module_is_drawn_at_random_sizes_or_says_why_not() -> None:
    """A new class: a line in ``tests/random_nets/library``, or in ``BY_ROWS``."""
    assert module_names() - at_random_sizes() - set(BY_ROWS) == set()
    assert at_random_sizes() & set(BY_ROWS) == set()


def test_every_cell_is_drawn() -> None:
    texts = {sequences.cell(seeded(seed)) for seed in range(40 * len(nn.CELLS))}
    assert texts == set(nn.CELLS)


SHAPES: list[Shape] = [(3, 4), (2, 6), (3, 2, 4), (2, 1, 6), (2, 3, 6, 6), (1, 2, 7, 7)]
LINES: list[tuple[str, Write, int, tuple[int, ...]]] = [
    (f"{name}-{len(axes)}", write, count, axes)
    for group, count, axes in (
        (layers.ENTRIES, 1, (2, 3, 4)),
        (layers.LAST, 1, (2, 3, 4)),
        (layers.SHAPES, 1, (2, 3, 4)),
        (layers.ROWS_OF_FEATURES, 1, (2,)),
        (sequences.SEQUENCES, 1, (3,)),
        (sequences.LOOPED, 1, (3,)),
        (sequences.STEPS, 1, (2,)),
        (images.IMAGES, 1, (4,)),
        (images.FRAMES, 1, (3,)),
        (layers.NORMS, 1, (2, 3, 4)),
        (attention.ITSELF, 1, (3,)),
        (attention.WITH_LENGTHS, 1, (3,)),
        (attention.OF_TWO, 2, (3,)),
        (joints.OF_TWO, 2, (2, 3, 4)),
    )
    for name, write in group.items()
]


@pytest.mark.parametrize(
    ("write", "count", "axes"), [line[1:] for line in LINES], ids=[line[0] for line in LINES]
)
def test_what_a_line_writes_takes_most_shapes(
    write: Write, count: int, axes: tuple[int, ...]
) -> None:
    shapes = [shape for shape in SHAPES if len(shape) in axes]
    made = [
        given_by(write(seeded(seed), shape), (shape,) * count)
        for seed in range(3)
        for shape in shapes
    ]
    assert sum(result is not None for result in made) * 2 >= len(made)
