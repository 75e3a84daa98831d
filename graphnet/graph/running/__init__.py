"""Execution: signatures, executables, runs and their gradients, programs of training steps."""
