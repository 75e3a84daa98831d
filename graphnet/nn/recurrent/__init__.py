"""Cells over sequences."""
