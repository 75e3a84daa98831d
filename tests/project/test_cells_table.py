"""The table of all cells in the documentation: each has states, equations and a paper."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from graphnet.nn.cells import FUNCTIONS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(DOCS))
    return import_module("cells_table")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_cell_has_states_equations_and_a_paper(table: Any, name: str) -> None:
    text = table.inspect.cleandoc(FUNCTIONS[name].__doc__)
    assert table.states(name).removeprefix("states ").removeprefix("state ")
    if name in ("lstm_cell_merged", "lstm_cell_variational"):  # the equations of another cell
        assert table.papers(text)[-1] == "See :func:`lstm_cell`."
    else:
        assert "=" in table.equations(text)
        assert table.PAPER.search(" ".join(text.split()))


def test_the_page_lists_every_cell(table: Any) -> None:
    page = table.page()
    assert page.startswith(f"All {len(FUNCTIONS)} cells\n")
    for name in FUNCTIONS:
        assert f"\n:func:`{name}`, state" in page
    assert 'Beck et al. 2024, "xLSTM: extended long short-term memory"' in page
    assert "h' = o c' / n'" in page
