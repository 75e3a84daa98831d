"""The command line: ``graphnet lstm``, ``draw``, ``summary``, ``check``, ``doctor`` and more"""

from graphnet.cli.app import main

__all__ = ["main"]
