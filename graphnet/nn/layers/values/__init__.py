"""Layers of values: constants, indices as values, folded axes, reversed order."""
