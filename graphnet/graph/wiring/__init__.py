"""Wiring: modules that operators make, checks, and the graphs that nodes are closed into."""
