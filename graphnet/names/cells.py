"""Names of recurrent cells in torchrecurrent and in papers, with the function here."""

from __future__ import annotations

NAMED_ALIKE = """
    ATR BR CFN DSGU FastGRNN FastRNN IndRNN JANET LEM LiGRU LightRU MCLSTM MUT1 MUT2 MUT3 MiRU1
    MiRU2 MinimalRNN NAS NBR RAN ResLSTM SCRN SGRN SGU STAR TGRU TLSTM TRNN UGRNN UnICORNN WMCLSTM
    coRNN tauGRU LRU minGRU minLSTM
"""
"""Those whose name here is theirs in small letters."""

OTHERS = {
    "AntisymmetricRNN": "antisymmetric_rnn_cell",
    "ClockworkRNN": "clockwork_rnn_cell",
    "GatedAntisymmetricRNN": "gated_antisymmetric_rnn_cell",
    "IntersectionRNN": "intersection_rnn_cell",
    "MGU": "minimal_gated_cell",
    "MultiplicativeLSTM": "mlstm_cell",
    "OriginalLSTM": "lstm_cell_1997",
    "PeepholeLSTM": "lstm_cell_peephole",
    "mLSTM": "xlstm_matrix_cell",
    "sLSTM": "xlstm_scalar_cell",
}

ALIKE = {name: f"{name.lower()}_cell" for name in NAMED_ALIKE.split()}
CELLS = {
    f"{theirs}Cell {theirs}": f"`nn.{ours}(3, 4)`, a function; `nn.Recurrent(cell)` runs it"
    for theirs, ours in (
        OTHERS | {name: f"{name.lower()}_cell" for name in NAMED_ALIKE.split()}
    ).items()
}
"""The equivalents of their cells, and of layers of them."""
