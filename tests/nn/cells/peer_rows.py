"""Rows for torchrecurrent's cells: which cell here is the same, and how weights map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.oracle import Tensor, torch

Named = dict[str, Tensor]


@dataclass(frozen=True)
class PeerRow:
    """A cell of torchrecurrent.

    ``ih`` and ``hh`` are the gates, in its order, whose terms ``i2h`` and ``hh_part`` its weights
    hold; an empty name stands for a term of no gate. ``more`` gives its further weights. ``ours``
    and ``theirs`` are options.
    """

    peer: str
    ih: Sequence[str] = ("",)
    hh: Sequence[str] = ("",)
    hh_part: str = "h2h"
    more: Callable[[Named], Named] = lambda named: {}
    ours: dict[str, Any] = field(default_factory=dict)
    theirs: dict[str, Any] = field(default_factory=dict)
    is_square: bool = False

    def weights(self, named: Named) -> Named:
        """Its parameters, made of ours; biases that are not there stay at its zeros."""
        found = {}
        for end, gates, part in (("ih", self.ih, "i2h"), ("hh", self.hh, self.hh_part)):
            for kind in ("weight", "bias"):
                value = joined(named, gates, part, kind)
                if value is not None:
                    found[f"{kind}_{end}"] = value
        found.update(self.more(named))
        return found


def joined(named: Named, gates: Sequence[str], part: str, kind: str) -> Tensor | None:
    """The parameters of one part of several gates, one below the other; None if there are none."""
    paths = [f"{gate}.{part}.{kind}".lstrip(".") for gate in gates]
    known = [named[path] for path in paths if path in named]
    if not known:
        return None
    size = known[0].shape[0]
    return torch.cat([named.get(p, torch.zeros(size, dtype=known[0].dtype)) for p in paths])


def linear(named: Named, end: str, gates: Sequence[str], part: str) -> Named:
    """The weight and the bias of a further product."""
    pairs = {f"{kind}_{end}": joined(named, gates, part, kind) for kind in ("weight", "bias")}
    return {name: value for name, value in pairs.items() if value is not None}


LSTM = ("input_gate", "forget_gate", "candidate", "output_gate")
GATES = ("input_gate", "forget_gate", "output_gate")
GRU = ("update_gate", "reset_gate", "candidate")
PAIR = ("update_gate", "candidate")
TAU = ("candidate", "feedback", "update_gate", "delay_gate")
LEM = ("output_gate", "memory_gate", "candidate", "shown")
LEAVES = tuple(f"leaf{k}" for k in range(8))
LEM_ROW = PeerRow(
    "LEMCell", LEM, LEM[:3],
    more=lambda w: linear(w, "ch", ["shown"], "c2h"), ours={"dt": 0.7}, theirs={"dt": 0.7},
)  # fmt: skip


def of_fastgrnn(named: Named) -> Named:
    return {
        "bias_ih": torch.cat([named[f"{gate}.biased.bias"] for gate in PAIR]),
        "zeta": named["gated_part.weight"],
        "nu": named["constant_part.weight"],
    }


def of_ran(named: Named) -> Named:
    return {"bias_ih": torch.cat([named[f"{gate}.i2h.bias"] for gate in GATES[:2]])}


def of_reslstm(named: Named) -> Named:
    return {
        "weight_proj": named["projection.weight"],
        "weight_res": named["shortcut.weight"],
        **linear(named, "ph", GATES, "peephole"),
    }


def of_scrn(named: Named) -> Named:
    context = linear(named, "ch", ["hidden", "output"], "c2h")
    return {"alpha": named["kept.weight"].reshape(()), **context}


ROWS = {
    "antisymmetric_rnn_cell": PeerRow(
        "AntisymmetricRNNCell", ["candidate"],
        ours={"epsilon": 0.4, "gamma": 0.1}, theirs={"epsilon": 0.4, "gamma": 0.1},
    ),
    "atr_cell": PeerRow("ATRCell"),
    "br_cell": PeerRow("BRCell", ["modulation", *PAIR], ["modulation", "update_gate"]),
    "cfn_cell": PeerRow("CFNCell", ["forget_gate", "input_gate", "candidate"],
                        ["forget_gate", "input_gate"]),
    "cornn_cell": PeerRow(
        "coRNNCell", ["candidate"], ["candidate"],
        more=lambda w: linear(w, "ch", ["candidate"], "c2h"),
        ours={"dt": 0.2, "gamma": 0.7, "epsilon": 1.3},
        theirs={"dt": 0.2, "gamma": 0.7, "epsilon": 1.3},
    ),
    "dsgu_cell": PeerRow("DSGUCell", ["input_gate", "update_gate"], ["input_gate", "update_gate"],
                         more=lambda w: {"weight_ho": w["deeper.weight"]}),
    "fastgrnn_cell": PeerRow("FastGRNNCell", more=of_fastgrnn, theirs={"nonlinearity": "sigmoid"}),
    "fastrnn_cell": PeerRow(
        "FastRNNCell", ["candidate"], ["candidate"],
        more=lambda w: {"alpha": w["written.weight"], "beta": w["kept.weight"]},
    ),
    "gated_antisymmetric_rnn_cell": PeerRow(
        "GatedAntisymmetricRNNCell", PAIR,
        ours={"epsilon": 0.4, "gamma": 0.1}, theirs={"epsilon": 0.4, "gamma": 0.1},
    ),
    "indrnn_cell": PeerRow("IndRNNCell", hh=[], more=lambda w: {"vector_u": w["h2h.weight"]},
                           theirs={"nonlinearity": "relu"}),
    "intersection_rnn_cell": PeerRow(
        "IntersectionRNNCell",
        ih=["depth_candidate", "candidate", "depth_gate", "update_gate"],
        hh=["depth_candidate", "candidate", "depth_gate", "update_gate"], is_square=True,
    ),
    "janet_cell_learned": PeerRow(
        "JANETCell", ["forget_gate", "candidate"], ["forget_gate", "candidate"],
        more=lambda w: {"beta": -w["shifted.bias"].reshape(())},
    ),
    "lem_cell_previous": LEM_ROW,
    "lightru_cell": PeerRow("LightRUCell", ["candidate", "forget_gate"], ["forget_gate"]),
    "ligru_cell": PeerRow("LiGRUCell", PAIR, PAIR),
    "lstm_cell_1997": PeerRow("OriginalLSTMCell", ["input_gate", "candidate", "output_gate"],
                              ["input_gate", "candidate", "output_gate"]),
    "lstm_cell_peephole": PeerRow("PeepholeLSTMCell", LSTM, LSTM,
                                  more=lambda w: linear(w, "ph", GATES, "peephole")),
    "mclstm_cell": PeerRow(
        "MCLSTMCell",
        ih=["forget_gate", "input_gate", "output_gate", "control_gate", "candidate"],
        hh=["forget_gate", "input_gate", "output_gate", "control_gate", "candidate"],
    ),
    "minimal_gated_cell": PeerRow("MGUCell", ["forget_gate", "candidate"],
                                  ["forget_gate", "candidate"]),
    "minimalrnn_cell": PeerRow("MinimalRNNCell", ["candidate"], ["update_gate"],
                               more=lambda w: {"weight_mm": w["update_gate.z2h.weight"]}),
    "miru1_cell": PeerRow("MiRU1Cell", ["reset_gate", "candidate"], ["reset_gate", "candidate"],
                          ours={"update": 0.3}, theirs={"update_coefficient": 0.3}),
    "miru2_cell": PeerRow(
        "MiRU2Cell", ["candidate"], ["candidate"], ours={"update": 0.3, "reset": 0.6},
        theirs={"update_coefficient": 0.3, "reset_coefficient": 0.6},
    ),
    "mlstm_cell": PeerRow("MultiplicativeLSTMCell", ["product", *LSTM], ["product"],
                          more=lambda w: linear(w, "mh", LSTM, "h2h")),
    "mut1_cell": PeerRow("MUT1Cell", GRU, GRU[1:]),
    "mut2_cell": PeerRow("MUT2Cell", GRU, GRU),
    "mut3_cell": PeerRow("MUT3Cell", GRU, GRU),
    "nas_cell": PeerRow("NASCell", LEAVES, LEAVES),
    "nbr_cell": PeerRow("NBRCell", ["modulation", *PAIR], ["modulation", "update_gate"]),
    "ran_cell": PeerRow("RANCell", ["candidate", *GATES[:2]], GATES[:2], more=of_ran),
    "reslstm_cell": PeerRow("ResLSTMCell", LSTM, LSTM, more=of_reslstm),
    "scrn_cell_output": PeerRow("SCRNCell", ["context", "hidden"], ["hidden", "output"],
                                more=of_scrn),
    "sgrn_cell": PeerRow("SGRNCell"),
    "sgu_cell": PeerRow("SGUCell", ["input_gate", "update_gate"], ["input_gate", "update_gate"]),
    "star_cell": PeerRow("STARCell", ["candidate", "input_gate"], ["input_gate"]),
    "taugru_cell": PeerRow("tauGRUCell", TAU, TAU),
    "taugru_cell_delayed": PeerRow("tauGRUCell", TAU, TAU, ours={"delay": 3}),
    "tgru_cell": PeerRow("TGRUCell", ["update", "forget_gate", "candidate"],
                         ["update", "forget_gate", "candidate"], "p2h"),
    "tlstm_cell": PeerRow("TLSTMCell", ["candidate", "forget_gate", "output_gate"],
                          ["candidate", "forget_gate", "output_gate"], "p2h"),
    "trnn_cell": PeerRow("TRNNCell", ["candidate", "forget_gate"], []),
    "ugrnn_cell": PeerRow("UGRNNCell", ["candidate", "update_gate"], ["candidate", "update_gate"]),
    "unicornn_cell": PeerRow(
        "UnICORNNCell", ["force"], ["force"], more=lambda w: {"weight_ch": w["change.weight"]},
        ours={"dt": 0.3, "alpha": 0.5}, theirs={"dt": 0.3, "alpha": 0.5},
    ),
    "wmclstm_cell": PeerRow("WMCLSTMCell", LSTM, LSTM,
                            more=lambda w: linear(w, "mh", GATES, "c2h")),
}  # fmt: skip
"""By the names of ``nn.CELLS``."""
