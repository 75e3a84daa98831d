"""The mLSTM cell of xLSTM: a matrix memory, written with keys and read with queries."""

from __future__ import annotations

from graphnet.graph import GModule, Node, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable, CMulTable, MulConstant
from graphnet.nn.cells.memory.exponential import Forget, require_forget, stabilised
from graphnet.nn.cells.memory.heads import HeadDot, HeadOuter, HeadRead, HeadScale
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, gated, linear
from graphnet.nn.layers.activation import Sigmoid
from graphnet.nn.layers.arithmetic import Abs, Exp
from graphnet.nn.layers.linear import positive
from graphnet.nn.layers.tables import CMaxTable

__all__ = ["xlstm_matrix_cell"]


@checked
def xlstm_matrix_cell(
    input_size: int,
    hidden_size: int,
    heads: int = 1,
    forget: Forget = "sigmoid",
    bias: bool = True,
    gate: Pointwise = Sigmoid,
) -> GModule:
    """The mLSTM cell of xLSTM, whose memory is a matrix (n, n) in each of its heads.

    With n = hidden_size / heads: inputs ``(x, prev_c, prev_n, prev_m)`` of shapes (…, input_size),
    (…, heads n n), (…, hidden_size), (…, heads); outputs ``(next_c, next_n, next_m, next_h)``, of
    which next_h, (…, hidden_size), is no state. In each head, with numbers a = w_a x and b = w_b x,
    log f = log(σ(b)), or b if ``forget`` is "exponential"::

        q = W_q x    k = W_k x / √n    v = W_v x    o = σ(W_o x)
        m' = max(log f + m, a)    i = exp(a - m')    f = exp(log f + m - m')
        c' = f c + i v kᵀ    n' = f n + i k    h' = o c' q / max(|n' q|, exp(-m'))

    The stabiliser m changes no output, but keeps exponents at most 0. Beck et al. 2024, "xLSTM:
    extended long short-term memory". Raises ValueError for another ``forget``, a size below 1, or
    a number of heads that does not divide hidden_size.
    """
    require_forget("xlstm_matrix_cell", forget)
    size, rest = divmod(hidden_size, positive("xlstm_matrix_cell: heads", heads))
    if rest:
        raise ValueError(f"xlstm_matrix_cell: {heads} heads do not divide {hidden_size} units")
    x, prev_c = input(), State(heads * size * size)()
    prev_n, prev_m = State(hidden_size)(), State(heads)()
    i2h = linear("i2h", x, input_size, hidden_size, bias)
    query, value = i2h("query"), i2h("value")
    key = MulConstant(size**-0.5)(i2h("key"))
    i2m = linear("i2h", x, input_size, heads, bias)
    input_gate, forget_gate, next_m = stabilised(
        i2m("input_gate"), i2m("forget_gate"), prev_m, forget
    )
    written_key = HeadScale(heads)([input_gate, key])
    written_c = HeadOuter(heads)([value, written_key])
    kept_c = HeadScale(heads)([forget_gate, prev_c])
    next_c = CAddTable()([kept_c, written_c])
    kept_n = HeadScale(heads)([forget_gate, prev_n])
    next_n = CAddTable()([kept_n, written_key])
    output_gate = gated("output_gate", gate, i2h)
    divided = normalised(next_c, next_n, next_m, query, heads)
    next_h = CMulTable()([output_gate, divided])
    return GModule([x, prev_c, prev_n, prev_m], [next_c, next_n, next_m, next_h])


def normalised(next_c: Node, next_n: Node, next_m: Node, query: Node, heads: int) -> Node:
    """``c q / max(|n q|, exp(-m))``: the node ``divided``."""
    read = HeadRead(heads)([next_c, query]).annotate(name="read")
    overlap = HeadDot(heads)([next_n, query]).annotate(name="overlap")
    least = Exp()(MulConstant(-1.0)(next_m)).annotate(name="least")
    divisor = CMaxTable()([Abs()(overlap), least]).annotate(name="divisor")
    share = (1 / divisor).annotate(name="share")
    node: Node = HeadScale(heads)([share, read])
    return node.annotate(name="divided")
