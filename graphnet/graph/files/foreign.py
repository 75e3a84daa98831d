"""What a file of another program is, by its first bytes."""

from __future__ import annotations

import zipfile
from pathlib import Path

STARTS = {
    b"\x93NUMPY": ("an array of NumPy (.npy)", "np.load reads it."),
    b"\x89HDF": ("an HDF5 file (of Keras, for instance)", ""),
    b"\x04\x00\x00\x00": ("a file of Torch7 (.t7)", ""),
    b"%PDF": ("a PDF", ""),
    b"\x1f\x8b": ("compressed by gzip", "Decompress it first."),
}
"""What a file is and what reads it, by its beginning."""

ZIPPED = {
    ".npy": (
        "an archive of NumPy's arrays (.npz)",
        'np.load reads it; net["linear"].weight[...] = array sets a parameter.',
    ),
    "data.pkl": (
        "a file of PyTorch",
        "nn.from_torch_state_dict(net, torch.load(path)) copies weights into a net of such layers.",
    ),
    "": ("a zip archive", ""),
}
"""The same by the end of a name in an archive."""


def foreign_kind(path: Path) -> tuple[str, str] | None:
    """What a file is, and a hint; None where it may be one of ours that is damaged."""
    with path.open("rb") as file:
        start = file.read(512)
    if start[8:9] == b"{":  # the header of a container
        return None
    if start.startswith(b"PK\x03\x04"):
        return kind_of_archive(path)
    for beginning, kind in STARTS.items():
        if start.startswith(beginning):
            return kind
    if start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05":
        return "a pickle of Python (of an old PyTorch, for instance)", ZIPPED["data.pkl"][1]
    if start and is_text(start):
        return "text", ""
    return None


def kind_of_archive(path: Path) -> tuple[str, str]:
    try:
        names = zipfile.ZipFile(path).namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        names = []
    return next(
        kind for end, kind in ZIPPED.items() if not end or any(n.endswith(end) for n in names)
    )


def is_text(start: bytes) -> bool:
    """Whether bytes are printable signs and line ends."""
    return all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in start)
