"""Former names of constructor arguments, which files written before may give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FORMER: dict[str, dict[str, str]] = {
    "BCECriterion": {"weights": "weight"},
    "ClassNLLCriterion": {"weights": "weight"},
    "CrossEntropyCriterion": {"weights": "weight"},
    "MultiLabelSoftMarginCriterion": {"weights": "weight"},
    "MultiMarginCriterion": {"weights": "weight"},
    "Normalize": {"epsilon": "eps"},
}
"""The present name by class and former name."""


def present_names(type_key: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a class as it names them now."""
    former = FORMER.get(type_key, {})
    return {former.get(name, name): value for name, value in arguments.items()}
