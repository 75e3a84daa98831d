"""Reference cases of Element-Research's rnn: modules built, their parameters mapped, sequences run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnet import nn
from graphnet.graph import GModule, Module
from graphnet.graph.values import table
from tests.golden_support.build import Graph, Skip, arguments, call_setter, found, from_one
from tests.golden_support.slots import (
    SEQ_GRU,
    SEQ_LSTM,
    Slot,
    gates_apart,
    graph_slots,
    gru_slots,
    joint_slots,
    lstm_slots,
    stacked_slots,
)
from tests.golden_support.torch7 import CHILDREN_LAST, INDEX_INPUTS, MODULES, with_defaults

Spec = Mapping[str, Any]


@dataclass(frozen=True)
class Built:
    """A module, and Torch's parameters in Torch's order."""

    module: Module
    slots: Sequence[Slot] = ()


# ---- modules


def sizes_of(spec: Spec) -> tuple[int, int]:
    """Input and hidden size; the second may be left out."""
    first, *rest = arguments(spec)
    return first, rest[0] if rest and rest[0] is not None else first


def argument(spec: Spec, index: int, default: Any = None) -> Any:
    args = arguments(spec)
    return default if index >= len(args) or args[index] is None else args[index]


DROPOUT = {"LSTM": 4, "FastLSTM": 6, "GRU": 3}
"""Which argument is the probability of dropout inside of a step."""


def refuse_drawn_masks(spec: Spec) -> None:
    """Raise Skip for dropout inside of steps in training: masks are Torch's own random numbers."""
    if spec.get("training") is False:
        return
    if spec["type"] in DROPOUT and argument(spec, DROPOUT[spec["type"]], 0):
        raise Skip(f"masks that Torch drew inside {spec['type']}")
    for child in spec.get("children", ()):
        if child:
            refuse_drawn_masks(child)


def build_lstm(spec: Spec) -> Built:
    if argument(spec, 3, True):
        cell = nn.lstm_cell_peephole(*sizes_of(spec), hidden_bias=False)
        return Built(nn.Recursor(cell), [*lstm_slots(cell)])
    step = nn.FastLSTM(*sizes_of(spec))
    return Built(step, [*lstm_slots(step.cell)])


def build_fast_lstm(spec: Spec) -> Built:
    step = nn.FastLSTM(*sizes_of(spec))
    gates = ("input_gate", "candidate", "forget_gate", "output_gate")
    slots = gates_apart if argument(spec, DROPOUT["FastLSTM"], 0) else stacked_slots
    return Built(step, [*slots(step.cell, gates)])


def build_gru(spec: Spec) -> Built:
    cell = nn.gru_cell(*sizes_of(spec), reset="before", hidden_bias=False)
    slots = [*gru_slots(cell)]
    if argument(spec, DROPOUT["GRU"], 0):
        slots = [*gates_apart(cell, ("reset_gate", "update_gate")), *slots[3:]]
    return Built(nn.Recursor(cell), slots)


def build_recurrent(spec: Spec) -> Built:
    parts = [build(child) for child in spec["children"]]
    cell = nn.feedback_cell(argument(spec, 0), *[part.module for part in parts])
    slots = [Slot("start.bias", [[cell["start"].module.bias]])]
    names = ("input.", "feedback.", "transfer.", "merge.")
    for name, part in zip(names, parts, strict=False):
        slots += [slot.under(name) for slot in part.slots]
    return Built(nn.Recursor(cell), slots)


def build_seq_lstm(spec: Spec) -> Built:
    module = nn.SeqLSTM(*sizes_of(spec))
    return Built(module, joint_slots(module.recurrent.cell, SEQ_LSTM))


def build_seq_lstmp(spec: Spec) -> Built:
    module = nn.SeqLSTMP(*arguments(spec)[:3])
    cell = module.recurrent.cell
    projection = Slot("weightO", [[cell["projection"].module.weight]], transposed=True)
    return Built(module, [*joint_slots(cell, SEQ_LSTM), projection])


def build_recurrence(spec: Spec) -> Built:
    child = build(spec["children"][0])
    slots = [slot.under("module.") for slot in child.slots]
    return Built(nn.Recurrence(child.module, argument(spec, 0), argument(spec, 1, 1)), slots)


def build_seq_gru(spec: Spec) -> Built:
    module = nn.SeqGRU(*sizes_of(spec))
    return Built(module, joint_slots(module.recurrent.cell, SEQ_GRU))


def build_seq_brnn(spec: Spec) -> Built:
    merge = [build(child) for child in spec.get("children", ())]
    batch_first = bool(argument(spec, 2, False))
    module = nn.SeqBRNN(*sizes_of(spec), batch_first, *[part.module for part in merge])
    both = next(m for _, m in module.named_modules() if isinstance(m, GModule))
    slots = []
    for name in ("forward", "backward"):
        cell = both[name].module.cell
        slots += [slot.under(f"{name}.") for slot in joint_slots(cell, SEQ_LSTM)]
    return Built(module, slots + [slot.under("merge.") for part in merge for slot in part.slots])


def build_bi_sequencer(spec: Spec) -> Built:
    children = list(spec["children"])
    if len(children) == 1 or children[1] is None:
        children[1:2] = children[:1]  # a clone, with parameters of its own
    parts = [build(child) for child in children]
    slots = [
        slot.under(f"{name}.")
        for name, part in zip(("forward", "backward", "merge"), parts, strict=False)
        for slot in part.slots
    ]
    merge = arguments(spec)[-1:] if len(parts) < 3 else []  # a number of axes
    make = nn.BiSequencer if spec["type"] == "BiSequencer" else nn.BiSequencerLM
    return Built(make(*[part.module for part in parts], *merge), slots)


def build_sequencer(spec: Spec) -> Built:
    """rnn wraps a step that is not recurrent by itself in a Recursor, which shows in the paths."""
    child = build(spec["children"][0])
    prefix = "module." if isinstance(child.module, nn.Recursor) else "module.module."
    slots = [slot.under(prefix) for slot in child.slots]
    return Built(nn.Sequencer(child.module), slots)


def build_repeater(spec: Spec) -> Built:
    child = build(spec["children"][0])
    slots = [slot.under("module.") for slot in child.slots]
    return Built(nn.Repeater(child.module, argument(spec, 0)), slots)


def build_recursor(spec: Spec) -> Built:
    child = build(spec["children"][0])
    return Built(child.module, [slot.under("module.") for slot in child.slots])


def build_mask_zero(spec: Spec) -> Built:
    child = build(spec["children"][0])
    slots = [slot.under("module.") for slot in child.slots]
    return Built(nn.MaskZero(child.module, argument(spec, 0, 1)), slots)


def build_ordinary(spec: Spec) -> Built:
    """A module of Torch's nn, whose children may be modules of rnn."""
    if spec["type"] == "gModule":
        graph = Graph(spec["graph"])
        return Built(graph.net, [*graph_slots(graph, "")])
    children = [build(child) for child in spec.get("children", ())]
    modules, args = [child.module for child in children], arguments(spec)
    make = found(MODULES, spec)
    last = spec["type"] in CHILDREN_LAST
    module = with_defaults(make, [*args, *modules] if last else [*modules, *args])
    slots = [Slot(name, [[parameter]]) for name, parameter in module.own_parameters()]
    for number, child in enumerate(children, start=1):
        slots += [slot.under(f"modules[{number}].") for slot in child.slots]
    return Built(module, slots)


BUILDERS = {
    "BiSequencer": build_bi_sequencer,
    "BiSequencerLM": build_bi_sequencer,
    "FastLSTM": build_fast_lstm,
    "GRU": build_gru,
    "LSTM": build_lstm,
    "MaskZero": build_mask_zero,
    "Recurrence": build_recurrence,
    "Recurrent": build_recurrent,
    "Recursor": build_recursor,
    "Repeater": build_repeater,
    "SeqBRNN": build_seq_brnn,
    "SeqGRU": build_seq_gru,
    "SeqLSTM": build_seq_lstm,
    "SeqLSTMP": build_seq_lstmp,
    "Sequencer": build_sequencer,
}


def build(spec: Spec) -> Built:
    """A module of a case with the methods called on it."""
    built = BUILDERS.get(spec["type"], build_ordinary)(spec)
    for name, values in spec.get("calls", ()):
        call(built.module, name, list(values or ()))
    if spec.get("training") is False:
        built.module.evaluate()
    return built


def call(module: Module, name: str, values: list[Any]) -> None:
    """A method called after construction."""
    if name == "remember" and hasattr(module, "remember"):
        module.remember(*[value for value in values if value is not None])
    elif name == "maskZero" and isinstance(module, nn.Recursor) and values in ([1], []):
        module.mask_zero = True
    elif name == "maskZero" and isinstance(module, nn.SequenceOutputs):
        module.recurrent.mask_zero = True
    elif name == "forget" and hasattr(module, "forget"):
        module.forget()
    else:
        call_setter(module, name, values)


# ---- inputs


def first_step(spec: Spec) -> Spec:
    """The module that receives the input first."""
    while spec.get("children"):
        spec = spec["children"][0]
    return spec


def our_input(spec: Spec, value: Any) -> Any:
    """An input as graphnet takes it: indices as integers, states after the sequence."""
    kind = first_step(spec)["type"]
    if kind == "LookupTableMaskZero":  # 0 is padding in both
        return table.map_table(lambda array: np.asarray(array).astype(int), value)
    if kind in INDEX_INPUTS:
        return from_one(value)
    return our_states(spec, value)


def our_states(spec: Spec, value: Any) -> Any:
    """Torch's {h0, x} and {c0, h0, x} as [x, states…]."""
    if spec["type"] not in ("SeqLSTM", "SeqGRU") or not table.is_table(value):
        return value
    *states, x = value
    missing = (2 if spec["type"] == "SeqLSTM" else 1) - len(states)
    return [x, *[None] * missing, *states]


def torch_gradient(spec: Spec, value: Any) -> Any:
    """The gradient of ``our_input`` in Torch's order."""
    if spec["type"] not in ("SeqLSTM", "SeqGRU") or not table.is_table(value):
        return value
    x, *states = value
    return [*[state for state in states if state is not None], x]


# ---- the run


def named_slots(case: Any, slots: Sequence[Slot]) -> list[Slot]:
    """Torch's parameters in the order of the case: by path, or as they come."""
    by_path = {slot.path: slot for slot in slots}
    names = case.record.get("param_names", [])
    if len(by_path) == len(slots) and set(names) == set(by_path):
        return [by_path[name] for name in names]
    assert len(slots) == len(case.record["params"]), (names, list(by_path))
    return list(slots)


def run_rnn(case: Any) -> None:
    """A module of rnn over its sequences: zero the gradients, forward, backward."""
    spec = case.record["module"]
    refuse_drawn_masks(spec)
    built = build(spec)
    set_attributes(built.module, case.record.get("attributes") or {})
    slots = named_slots(case, built.slots)
    for key, slot in zip(case.record["params"], slots, strict=True):
        slot.fill(case.arrays[key])
    if case.record.get("dtype") == "float32":
        built.module.float()
    for number, sequence in enumerate(case.record["sequences"]):
        label = f"sequence {number}"
        built.module.zero_grad()
        run = built.module.run(our_input(spec, case.value(sequence["input"])))
        case.compare(f"{label} output", run.outputs, case.value(sequence["output"]))
        gradient = run.backward(case.value(sequence["grad_output"]))
        expected = case.value(sequence["grad_input"])
        case.compare(f"{label} grad_input", torch_gradient(spec, gradient), expected)
        for key, slot in zip(sequence["grad_params"], slots, strict=True):
            wanted = case.arrays[key]
            received = slot.gradient(wanted.shape)
            case.compare(f"{label} gradient of {slot.path}", received, wanted)


def set_attributes(module: Module, attributes: Mapping[str, Any]) -> None:
    """Fields set after construction."""
    for name, value in attributes.items():
        if name == "batchfirst" and isinstance(module, nn.SequenceOutputs):
            module.recurrent.batch_first = bool(value)
        elif name == "maskzero" and isinstance(module, nn.SequenceOutputs):
            module.recurrent.mask_zero = bool(value)
        else:
            raise Skip(f"the field {name} of {type(module).__name__}")
