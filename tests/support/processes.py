"""Other processes of Python, in the root of the checkout, and the memory of this one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT


def python(code: str, *arguments: str, **environment: str) -> str:
    """What a Python program prints; it must end well, and no warning may pass."""
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    ran = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def resident() -> int:
    """Kilobytes of memory that this process holds."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise RuntimeError("no VmRSS in /proc/self/status")
