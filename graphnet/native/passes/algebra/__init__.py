"""Passes over sums and products."""
