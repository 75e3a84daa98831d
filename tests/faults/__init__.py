"""Campaigns of faults, each in a file: what strikes, how often, and what must not be lost."""
