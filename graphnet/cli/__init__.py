"""The command line: ``graphnet lstm``, ``sample``, ``draw``, ``summary``, ``compile``."""

from graphnet.cli.app import main

__all__ = ["main"]
