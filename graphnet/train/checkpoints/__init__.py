"""Checkpoints: their content, their place, and the net that they fit."""
