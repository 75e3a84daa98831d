"""Arguments of ``backward``: which of them are the inputs, and which is the gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphnet.errors import GraphError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.optional import arranged
from graphnet.graph.running.inputs import same_input
from graphnet.graph.running.run import Run, last_run, run_of


def run_and_seed(
    module: BaseModule, given: Sequence[Any], named: Mapping[str, Any]
) -> tuple[Run, Any]:
    """The last run, and the gradient of its outputs: what follows the inputs that it had.

    The gradient is None where all arguments are inputs. Raises GraphError for other inputs.
    """
    run = last_run(module)
    if run is not None:
        if had(run, given[:-1], named):
            return run, given[-1]
        if had(run, given, named):
            return run, None
    return run_of(module, arranged(module, given[:-1], named)), given[-1]


def had(run: Run, inputs: Sequence[Any], named: Mapping[str, Any]) -> bool:
    """Whether a run was of these arguments."""
    try:
        return same_input(run.inputs, arranged(run.module, inputs, named))
    except GraphError:  # too many, or too few
        return False
