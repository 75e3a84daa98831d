"""Tracing a module into a program, and whether the trace is still valid."""
