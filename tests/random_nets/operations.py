"""The operations that random cells are made of: each adds a line or more to a sketch."""

from __future__ import annotations

from collections.abc import Callable

from tests.random_nets.sketch import WIDEST, WIDTHS, Graph, Sketch, Value

SMOOTH = ("Sigmoid", "Tanh", "Sigmoid", "Tanh", "SoftPlus", "SoftSign", "TanhShrink", "SoftMax")
SMOOTH += ("LogSigmoid", "LogSoftMax", "SoftMin", "ELU")
BENT = ("ReLU()", "LeakyReLU(0.1)", "HardTanh()", "Abs()", "ReLU6()", "SoftShrink(0.1)")
BENT += ("Clamp(-0.3, 0.6)", "PReLU()", "Threshold(0.1, 0.5)")
NUMBERS = ("0.5 * {}", "1 - {}", "{} + 1", "{} / 2", "-{}", "{} ** 2", "0.3 * {} - 0.1")


def squashed(sketch: Sketch, text: str) -> str:
    return f"nn.{sketch.choices.one_of(SMOOTH)}()({text})"


def width_for(sketch: Sketch) -> int:
    """One that is there, more often than not, so that values meet."""
    if sketch.choices.chance(70):
        return sketch.any().width
    return sketch.choices.one_of(WIDTHS)


def gate(sketch: Sketch) -> None:
    width = width_for(sketch)
    sketch.add(squashed(sketch, sketch.sum(width)), width)


def sum_of_products(sketch: Sketch) -> None:
    width = width_for(sketch)
    sketch.add(sketch.sum(width), width)


def bent(sketch: Sketch) -> None:
    """A function with a kink, of what meets the kink by no chance."""
    width = width_for(sketch)
    sketch.add(f"nn.{sketch.choices.one_of(BENT)}({sketch.linear(sketch.any(), width)})", width)


def larger(sketch: Sketch) -> None:
    width = width_for(sketch)
    pair = [sketch.linear(sketch.any(), width) for _ in range(2)]
    kind = sketch.choices.one_of(("CMaxTable", "CMinTable"))
    sketch.add(f"nn.{kind}()([{', '.join(pair)}])", width)


def mixture(sketch: Sketch) -> None:
    """``z * a + (1 - z) * b``"""
    a = sketch.any()
    b, z = sketch.of_width(a.width), sketch.of_width(a.width)
    names = [sketch.read(value) for value in (z, a, z, b)]
    sketch.add("{} * {} + (1 - {}) * {}".format(*names), a.width)


def combination(sketch: Sketch) -> None:
    a = sketch.any()
    other = sketch.pick(lambda value: value.width in (1, a.width))
    b = other or sketch.of_width(a.width)
    width = max(a.width, b.width)
    left, right = sketch.read(a), sketch.read(b)
    forms = (
        "{} * {}",
        "{} + {}",
        "{} - {}",
        "nn.CMulTable()([{}, {}])",
        "{} / (nn.Square()({}) + 1)",
    )
    sketch.add(sketch.choices.one_of(forms).format(left, right), width)


def squared(sketch: Sketch) -> None:
    name = sketch.read(value := sketch.any())
    sketch.add(squashed(sketch, f"{name} * {name}"), value.width)


def with_number(sketch: Sketch) -> None:
    value = sketch.any()
    sketch.add(sketch.choices.one_of(NUMBERS).format(sketch.read(value)), value.width)


def own_weight(sketch: Sketch) -> None:
    value = sketch.any()
    kind = sketch.choices.one_of(("CMul({})", "Add({})", "Mul()", "CAdd({})"))
    sketch.add(f"nn.{kind.format(value.width)}({sketch.read(value)})", value.width)


def normed(sketch: Sketch) -> None:
    value = sketch.pick(lambda value: value.width > 1)
    if value is None:
        return
    size, name = value.width, sketch.read(value)
    forms = (f"nn.LayerNorm({size})({name})", f"nn.LayerNorm({size}, bias=False)({name})")
    forms += (f"nn.SoftMax()({name})", f"nn.Normalize()({name} + 1)")
    sketch.add(sketch.choices.one_of(forms), size)


def normed_sum(sketch: Sketch) -> None:
    """As in cells with layer normalisation: each product, then their sum."""
    width = max(2, width_for(sketch))
    terms = [f"nn.LayerNorm({width})({sketch.product(width)})" for _ in range(2)]
    sketch.add(squashed(sketch, " + ".join(terms)), width)


def joined(sketch: Sketch) -> None:
    parts = [sketch.any() for _ in range(sketch.choices.between(2, 3))]
    width = sum(part.width for part in parts)
    if width <= WIDEST:
        sketch.add(f"nn.JoinTable(-1)({sketch.one_argument(parts)})", width)


def cut(sketch: Sketch) -> None:
    value = sketch.pick(lambda value: value.width > 1)
    if value is not None:
        start = sketch.choices.below(value.width)
        size = sketch.choices.between(1, value.width - start)
        sketch.add(f"nn.Narrow(-1, {start}, {size})({sketch.read(value)})", size)


def parts_of_one_product(sketch: Sketch) -> None:
    """As in cells whose gates are one product: a sum, cut into as many."""
    width, count = width_for(sketch), sketch.choices.between(2, 4)
    if width * count > WIDEST:
        return
    whole = sketch.add(sketch.sum(width * count, most=2), width * count)
    for i in range(count):
        part = f"nn.Narrow(-1, {i * width}, {width})({sketch.read(whole)})"
        sketch.add(squashed(sketch, part), width)


def half(sketch: Sketch) -> None:
    value = sketch.pick(lambda value: value.width % 2 == 0)
    if value is not None:
        sketch.add(f"nn.GatedLinearUnit()({sketch.read(value)})", value.width // 2)


def in_one_number(sketch: Sketch) -> None:
    value = sketch.any()
    form = sketch.choices.one_of(("Sum(-1, squeeze=False)", "Mean(-1, squeeze=False)"))
    sketch.add(f"nn.{form}({sketch.read(value)})", 1)


def attention(sketch: Sketch) -> None:
    """A value, weighted by the softmax of a sum."""
    value = sketch.any()
    weights = f"nn.SoftMax()({sketch.sum(value.width, most=2)})"
    sketch.add(f"{weights} * {sketch.read(value)}", value.width)


def dropped(sketch: Sketch) -> None:
    value = sketch.any()
    kind = sketch.choices.one_of(("Dropout", "VariationalDropout"))
    sketch.add(f"nn.{kind}(0.3)({sketch.read(value)})", value.width)


def masked(sketch: Sketch) -> None:
    value, width = sketch.any(), width_for(sketch)
    sketch.add(f"nn.MaskZero(nn.Linear({value.width}, {width}))({sketch.read(value)})", width)


def graph_inside(sketch: Sketch) -> None:
    """A graph of its own, used once or more: parameters are shared then."""
    if sketch.graphs and sketch.choices.chance(60):
        graph = sketch.choices.one_of(sketch.graphs)
    elif sketch.depth < 2:
        graph = new_graph(sketch)
    else:
        return
    given = [sketch.of_width(width) for width in graph.inputs]
    text = f"{graph.name}({sketch.one_argument(given)})"
    if len(graph.outputs) == 1:
        sketch.add(text, graph.outputs[0])
        return
    names = [sketch.new_name() for _ in graph.outputs]
    sketch.lines.append(f"{', '.join(names)} = {text}.split({len(names)})")
    for name, width in zip(names, graph.outputs, strict=True):
        sketch.put(name, width)


def new_graph(sketch: Sketch) -> Graph:
    inner = Sketch(sketch.choices, sketch.numbers, sketch.depth + 1)
    given = [
        inner.put(inner.new_name(), sketch.any().width) for _ in range(1 + sketch.choices.below(3))
    ]
    for value in given:
        inner.lines.append(f"{value.name} = gn.input()")
    grow(inner, sketch.choices.between(1, 3))
    outputs = [out for out in inner.pool[len(given) :][-2:] if sketch.choices.chance(60)]
    outputs = outputs or [ending(inner, width_for(inner))]
    for value in outputs:
        inner.read(value)
    if inner.unread:
        outputs.append(ending(inner, outputs[0].width))
        inner.read(outputs[-1])
    name = sketch.new_name("part")
    ends = ", ".join(value.name for value in outputs)
    inner.lines.append(f"{name} = gn.GModule([{', '.join(v.name for v in given)}], [{ends}])")
    sketch.lines += inner.lines
    graph = Graph(name, tuple(v.width for v in given), tuple(v.width for v in outputs))
    sketch.graphs.append(graph)
    return graph


def ending(sketch: Sketch, width: int) -> Value:
    """One value that all reads which nothing else does."""
    return sketch.add(squashed(sketch, sketch.gathered(width) or sketch.sum(width)), width)


OPERATIONS: tuple[Callable[[Sketch], None], ...] = (
    *[gate] * 6, *[combination] * 4, *[mixture] * 2, sum_of_products, sum_of_products,
    squared, with_number, with_number, own_weight, normed, normed, normed_sum, joined, joined,
    cut, cut, parts_of_one_product, parts_of_one_product, half, in_one_number, attention,
    graph_inside, graph_inside, graph_inside, bent, larger, dropped, masked,
)  # fmt: skip


def grow(sketch: Sketch, count: int) -> None:
    for _ in range(count):
        sketch.choices.one_of(OPERATIONS)(sketch)
