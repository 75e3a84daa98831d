"""Passes over equations: identities, common subexpressions, dead code."""
