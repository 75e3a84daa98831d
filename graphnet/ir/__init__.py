"""The array program: types, equations, primitives, tracing, gradients and the NumPy interpreter."""

from graphnet.ir import indexing, opaque, pointwise, product, reduction, shaping
from graphnet.ir.array import Array
from graphnet.ir.builder import Builder
from graphnet.ir.gradient import Derivative, differentiate
from graphnet.ir.interpreter import interpreter, run_program
from graphnet.ir.primitive import PRIMITIVES, Primitive, primitive
from graphnet.ir.program import Equation, Literal, Origin, Program, Var
from graphnet.ir.scan import scan
from graphnet.ir.trace import trace
from graphnet.ir.types import ArrayType, type_of

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
