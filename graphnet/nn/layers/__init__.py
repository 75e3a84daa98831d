"""Layers without time."""
