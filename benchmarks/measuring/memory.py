"""Peak memory of a training step, ours and torch.nn.LSTM's, each in a process of its own.

    cd benchmarks && python -m measuring.memory ours lstm_cell 50,50,128,128 float32

After imports, building and three short warm-up steps (two time steps, same batch) the process
notes its resident set, forgets its peak (Linux), and runs three training steps. The figure is the
peak less what was noted, so imports and code do not count. Gradients of weights count on both
sides: PyTorch's are let go before, those that ours keeps from the warm-up are added.
"""

from __future__ import annotations

import ctypes
import gc
import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from peers import ours, pytorch
from peers.case import Case, make_data

from measuring import tables

FOLDER = Path(__file__).resolve().parent.parent
STEPS_OF_WARM_UP = 2
SIDES = ("ours", "torch")
MEASURED = f"Memory is that of training one layer of {', '.join(pytorch.FUSED)}, in one direction."
Row = dict[str, Any]


def status(field: str) -> int:
    """A size in bytes from the system's note on this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return 1024 * int(line.split()[1])
    raise KeyError(field)


def resident() -> int:
    return status("VmRSS")


def forget_peak() -> bool:
    """Whether the system could set the peak to what is resident now."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def give_back_freed() -> None:
    """What was freed shall not hide what is taken next."""
    gc.collect()
    with suppress(OSError, AttributeError):  # a library of C that cannot
        ctypes.CDLL(None).malloc_trim(0)


def peak() -> int:
    try:
        return status("VmHWM")
    except OSError:  # not Linux
        return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measure(side: str, case: Case, way: str) -> int:
    """Bytes that the steps of this side need at their peak."""
    net = ours.build(case)
    small, full = case.with_steps(STEPS_OF_WARM_UP), case
    datas = [make_data(c, ours.total_output_size(c)) for c in (small, full)]

    def make(data: Any) -> Callable[[], object]:
        if side == "ours":
            return ours.side(net.compile(), data, way).step
        return pytorch.fused_side(case, net, data).step

    warm_up, step = map(make, datas)
    for _ in range(3):
        warm_up()
    del warm_up
    kept = 0
    if side == "ours":
        kept = sum(parameter.grad.nbytes for parameter in net.parameters())
    give_back_freed()
    forget_peak()
    before = resident()
    for _ in range(3):
        step()
    return peak() - before + kept


def in_process(side: str, case: Case, way: str) -> float:
    """Megabytes, by a fresh process."""
    sizes = ",".join(map(str, case.shape))
    command = [sys.executable, "-m", "measuring.memory", side, case.cell, sizes, case.dtype, way]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[1:])} failed:\n{done.stderr}")
    return float(json.loads(done.stdout)["bytes"]) / 1e6


def memory_rows(
    cases: Iterable[Case], way: str, show: Callable[[str], None]
) -> tuple[list[Row], str]:
    """A row for each case, and the table."""
    rows: list[Row] = []
    for case in dict.fromkeys(cases):
        if not (case.train and case.is_plain and case.cell in pytorch.FUSED):
            show(f"{case.label}, {case.mode}: not measured. {MEASURED}")
            continue
        own, torch = (in_process(side, case, way) for side in SIDES)
        row: Row = {"cell": case.label, "shape": case.shape_name, "sizes": case.shape}
        rows.append(row | {"ours_mb": own, "torch_mb": torch, "memory_ratio": torch / own})
        show(f"{case.label:<16}{case.shape_name:<14}ours {own:8.1f} MB  torch {torch:8.1f} MB")
    heads = ["cell", "shape", "graphnet, MB", "torch.nn, MB", "ratio"]
    names = ("ours_mb", "torch_mb", "memory_ratio")
    lines = [[r["cell"], r["shape"], *[tables.figure(r[name]) for name in names]] for r in rows]
    return rows, tables.markdown(heads, lines)


def main() -> None:
    side, cell, sizes, dtype, way = sys.argv[1:6]
    steps, batch, inputs, hidden = map(int, sizes.split(","))
    case = Case(cell, sizes, (steps, batch, inputs, hidden), dtype=dtype)
    print(json.dumps({"bytes": measure(side, case, way)}))


if __name__ == "__main__":
    main()
