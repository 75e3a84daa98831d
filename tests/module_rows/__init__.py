"""The modules of nn, one row or more for each, by class name."""

from tests.module_rows import (
    arrays,
    attention,
    convolution,
    criteria,
    element_research,
    entries,
    more_criteria,
    normalization,
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
    **more_criteria.OF_DISTANCES,
    **{name: criteria.ROWS.get(name, []) + rows for name, rows in more_criteria.ROWS.items()},
    **element_research.ROWS,
    **normalization.ROWS,
    **recurrent.ROWS,
    **rectifiers.ROWS,
    **selection.ROWS,
    **attention.ROWS,
}

__all__ = ["ROWS", "Row"]
