"""The modules of nn, one row or more for each, by class name."""

from tests.module_rows import (
    arrays,
    convolution,
    criteria,
    element_research,
    entries,
    rectifiers,
    recurrent,
    selection,
    tables,
)
from tests.module_rows.row import Row

ROWS = {
    **entries.ROWS,
    **arrays.ROWS,
    **tables.ROWS,
    **convolution.ROWS,
    **criteria.ROWS,
    **element_research.ROWS,
    **recurrent.ROWS,
    **rectifiers.ROWS,
    **selection.ROWS,
}

__all__ = ["ROWS", "Row"]
