"""Commands that train a character model and have it write: ``lstm`` and ``sample``."""
