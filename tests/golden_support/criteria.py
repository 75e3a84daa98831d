"""Criteria of the reference cases: Torch's arguments and fields as ours, classes from 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from graphnet import nn
from graphnet.graph import Module
from graphnet.graph.values import table
from tests.golden_support.skip import Skip

Spec = Mapping[str, Any]


class Squeezed(nn.CrossEntropyCriterion):
    """Torch's cross-entropy, which leaves out all axes of one."""

    def loss(self, input: Any, target: Any) -> Any:
        return super().loss(squeezed(input), squeezed(target))


def squeezed(array: Any) -> Any:
    return array.reshape(tuple(size for size in array.shape if size != 1))


SIZE_AVERAGE = ("sizeAverage",)
CRITERIA: dict[str, tuple[type[Module], tuple[str, ...]]] = {
    "AbsCriterion": (nn.AbsCriterion, SIZE_AVERAGE),
    "BCECriterion": (nn.BCECriterion, ("weights", "sizeAverage")),
    "BinaryLogisticRegression": (nn.BinaryLogisticRegression, SIZE_AVERAGE),
    "ClassNLLCriterion": (nn.ClassNLLCriterion, ("weights", "sizeAverage", "ignoreIndex")),
    "ClassSimplexCriterion": (nn.ClassSimplexCriterion, ("nClasses",)),
    "CosineEmbeddingCriterion": (nn.CosineEmbeddingCriterion, ("margin",)),
    "CrossEntropyCriterion": (Squeezed, ("weights", "sizeAverage", "ignoreIndex")),
    "DistKLDivCriterion": (nn.DistKLDivCriterion, SIZE_AVERAGE),
    "DistanceRatioCriterion": (nn.DistanceRatioCriterion, SIZE_AVERAGE),
    "HingeEmbeddingCriterion": (nn.HingeEmbeddingCriterion, ("margin",)),
    "L1Cost": (nn.L1Cost, ()),
    "L1HingeEmbeddingCriterion": (nn.L1HingeEmbeddingCriterion, ("margin",)),
    "MSECriterion": (nn.MSECriterion, SIZE_AVERAGE),
    "MarginCriterion": (nn.MarginCriterion, ("margin",)),
    "MarginRankingCriterion": (nn.MarginRankingCriterion, ("margin",)),
    "MaskZeroCriterion": (nn.MaskZeroCriterion, ("nInputDim",)),
    "MultiCriterion": (nn.MultiCriterion, ()),
    "MultiLabelMarginCriterion": (nn.MultiLabelMarginCriterion, SIZE_AVERAGE),
    "MultiLabelSoftMarginCriterion": (nn.MultiLabelSoftMarginCriterion, ("weights",)),
    "MultiMarginCriterion": (nn.MultiMarginCriterion, ("p", "weights", "margin")),
    "NCECriterion": (nn.NCECriterion, ()),
    "ParallelCriterion": (nn.ParallelCriterion, ("repeatTarget",)),
    "RepeaterCriterion": (nn.RepeaterCriterion, ()),
    "SequencerCriterion": (nn.SequencerCriterion, SIZE_AVERAGE),
    "SmoothL1Criterion": (nn.SmoothL1Criterion, SIZE_AVERAGE),
    "SoftMarginCriterion": (nn.SoftMarginCriterion, SIZE_AVERAGE),
    "SpatialAutoCropMSECriterion": (nn.SpatialAutoCropMSECriterion, SIZE_AVERAGE),
    "SpatialBinaryLogisticRegression": (nn.SpatialBinaryLogisticRegression, SIZE_AVERAGE),
    "SpatialClassNLLCriterion": (nn.SpatialClassNLLCriterion, ("weights", "sizeAverage")),
    "WeightedMSECriterion": (nn.WeightedMSECriterion, ("weight",)),
}
"""Each with its constructor arguments in Torch's order, after the criteria that it wraps."""

FIELDS = {
    "ignoreIndex": "ignore_index",
    "margin": "margin",
    "nClasses": "n_classes",
    "nInputDim": "input_dims",
    "p": "p",
    "repeatTarget": "repeat_target",
    "sizeAverage": "size_average",
    "weight": "weight",
    "weights": "weight",
}
"""Torch's arguments and fields by graphnet's names."""

CLASS_TARGETS = {
    "ClassNLLCriterion",
    "ClassSimplexCriterion",
    "CrossEntropyCriterion",
    "MultiLabelMarginCriterion",
    "MultiMarginCriterion",
    "SpatialClassNLLCriterion",
}
"""The criteria whose targets are class indices."""


def build_criterion(spec: Spec, arrays: Mapping[str, np.ndarray]) -> Module:
    if spec["type"] not in CRITERIA:
        raise Skip(f"graphnet has no {spec['type']}")
    kind, _ = CRITERIA[spec["type"]]
    children = [build_criterion(child, arrays) for child in spec.get("children", ())]
    settings = fields_of(spec, arrays)
    if spec.get("child_weights"):
        settings["weights"] = list(spec["child_weights"])
    if settings.get("repeat_target") and not agree(spec):
        settings["repeat_target"] = False  # class_target gives each its own form of the target
    return kind(*children, **settings)


def fields_of(spec: Spec, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The arguments of a criterion and the fields set later, by graphnet's names."""
    _, names = CRITERIA[spec["type"]]
    given = list(spec.get("args", ()))
    if "weights" in spec:
        at = next((i for i, name in enumerate(names) if name.startswith("weight")), 0)
        given += [None] * (at - len(given))
        given.insert(at, arrays[spec["weights"]])
    settings: dict[str, Any] = {}
    for name, value in [*zip(names, given, strict=False), *spec.get("attributes", {}).items()]:
        if name not in FIELDS or len(given) > len(names):
            raise Skip(f"the field {name} of {spec['type']}")
        if value is None:
            continue
        if isinstance(value, str):
            value = arrays[value]
        settings[FIELDS[name]] = value - 1 if name == "ignoreIndex" else value
    return settings


def class_target(spec: Spec, target: Any) -> Any:
    """A target for a criterion, with classes counted from 0."""
    children = spec.get("children", ())
    if spec["type"] == "ParallelCriterion":
        once = repeats(spec)
        parts = [target] * len(children) if once else target
        found = [class_target(child, part) for child, part in zip(children, parts, strict=True)]
        return found[0] if once and agree(spec) else found
    if spec["type"] == "SequencerCriterion" and isinstance(target, list):
        return [class_target(children[0], step) for step in target]
    if children:
        return class_target(next(filter(has_classes, children), children[0]), target)
    return from_one(target) if spec["type"] in CLASS_TARGETS else target


def repeats(spec: Spec) -> bool:
    """Whether a ParallelCriterion gives all its criteria the same target."""
    return bool(fields_of(spec, {}).get("repeat_target"))


def agree(spec: Spec) -> bool:
    """Whether all wrapped criteria take the target in one form."""
    return len({has_classes(child) for child in spec["children"]}) == 1


def has_classes(spec: Spec) -> bool:
    """Whether a criterion, or one inside it, takes classes."""
    return spec["type"] in CLASS_TARGETS or any(map(has_classes, spec.get("children", ())))


def from_one(value: Any) -> Any:
    """Indices counted from 0, as integers."""
    return table.map_table(lambda array: np.asarray(array).astype(int) - 1, value)
