"""From a module to its program, and whether that is still valid."""
