"""``graphnet doctor``: each line is ok, or says what to type."""

from __future__ import annotations

import typer

from graphnet.cli.diagnosis import findings


def doctor_command() -> None:
    """Look at this machine: each line says ok, or what to type.

    Versions, processor, threads, compiler, the cache of machine code, and who renders drawings.
    Ends with exit code 1 if something is to be done.
    """
    found = list(findings())
    width = max(len(finding.name) for finding in found)
    for finding in found:
        state = "    " if finding.remedy else "ok  "
        typer.echo(f"{state}{finding.name:{width}}  {finding.text}")
        if finding.remedy:
            typer.echo(f"    {'':{width}}  -> {finding.remedy}")
    if any(finding.remedy for finding in found):
        raise typer.Exit(1)
