"""The classes of nn in random graphs: those drawn at random sizes, and those drawn by their rows alone."""

from __future__ import annotations

from graphnet import nn
from graphnet.graph import Module
from tests.random_nets.library import attention, images, joints, layers, sequences

BY_STEPS = {"Concat", "ConcatTable", "LookupTable", "Sequential"}
"""Written by a step of ``graph`` itself."""

INDICES = "takes whole numbers of a certain range"
IMAGES = "takes targets of images"
NESTED = "takes nested tables"
OF_OTHERS = "is made of criteria"
PLACED = "stands in cells and layers alone"

BY_ROWS = {
    "AdditiveAttention": "takes a query and a memory",
    "MultiplicativeAttention": "takes a query and a memory",
    "Energy": "is a part of AdditiveAttention",
    "ArgMax": "gives whole numbers",
    "CAddTensorTable": NESTED,
    "Container": "is abstract",
    "BinaryLogisticRegression": "takes one score for each sample",
    "ClassSimplexCriterion": "takes as many features as classes",
    "CosineEmbeddingCriterion": NESTED,
    "DistanceRatioCriterion": "takes no target",
    "GaussianNLLCriterion": NESTED,
    "ModuleCriterion": OF_OTHERS,
    "RepeaterCriterion": OF_OTHERS,
    "SpatialAutoCropMSECriterion": IMAGES,
    "SpatialBinaryLogisticRegression": IMAGES,
    "SpatialClassNLLCriterion": IMAGES,
    "TripletMarginCriterion": NESTED,
    "WeightedMSECriterion": "takes weights of one shape",
    "Criterion": "is abstract",
    "Function": "runs code of the user's",
    "Index": INDICES,
    "JustElement": "takes a table of one",
    "JustTable": "gives a table of one",
    "L1Cost": "takes no target",
    "L1HingeEmbeddingCriterion": NESTED,
    "LayerPart": PLACED,
    "LayerStates": PLACED,
    "LookupTableMaskZero": INDICES,
    "MV": "takes a matrix and a vector",
    "MarginRankingCriterion": NESTED,
    "MaskZeroCriterion": OF_OTHERS,
    "MaskedSelect": INDICES,
    "MixtureTable": NESTED,
    "ModuleFromCriterion": OF_OTHERS,
    "MultiCriterion": OF_OTHERS,
    "NCECriterion": "takes the table of NCEModule",
    "NCEModule": INDICES,
    "OneHot": INDICES,
    "ParallelCriterion": OF_OTHERS,
    "SequencerCriterion": OF_OTHERS,
    "State": PLACED,
    "ZeroPadding": "takes lengths",
    "ZipTable": NESTED,
    "ZipTableOneToMany": NESTED,
}
"""Drawn with the sizes of their rows (``graphs``), and why not with others."""


def module_names() -> set[str]:
    kinds = {name: getattr(nn, name) for name in nn.__all__}
    return {n for n, kind in kinds.items() if isinstance(kind, type) and issubclass(kind, Module)}


def at_random_sizes() -> set[str]:
    tables = (
        attention.ITSELF, attention.OF_TWO, attention.WITH_LENGTHS, layers.NORMS,
        layers.ENTRIES, layers.LAST, layers.SHAPES, layers.ROWS_OF_FEATURES,
        sequences.STEPS, sequences.SEQUENCES, sequences.LOOPED, images.IMAGES, images.FRAMES,
        joints.OF_TWO, joints.CRITERIA,
    )  # fmt: skip
    return BY_STEPS.union(*tables) & module_names()
