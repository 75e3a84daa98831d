"""The array program: types, equations, primitives, tracing, gradients and the NumPy interpreter."""

from graphnet.ir.core.array import Array
from graphnet.ir.core.builder import Builder
from graphnet.ir.core.interpreter import interpreter, run_program
from graphnet.ir.core.operation import primitive
from graphnet.ir.core.primitive import PRIMITIVES, Primitive
from graphnet.ir.core.program import Equation, Literal, Origin, Program, Var
from graphnet.ir.core.trace import trace
from graphnet.ir.core.types import ArrayType, type_of
from graphnet.ir.gradient import Derivative, differentiate
from graphnet.ir.primitives import indexing, opaque, pointwise, product, reduction, shaping
from graphnet.ir.primitives.scan import scan

__all__ = [
    "PRIMITIVES",
    "Array",
    "ArrayType",
    "Builder",
    "Derivative",
    "Equation",
    "Literal",
    "Origin",
    "Primitive",
    "Program",
    "Var",
    "differentiate",
    "indexing",
    "interpreter",
    "opaque",
    "pointwise",
    "primitive",
    "product",
    "reduction",
    "run_program",
    "scan",
    "shaping",
    "trace",
    "type_of",
]
