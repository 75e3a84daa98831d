"""Runs, their gradients, and compiled training steps."""
