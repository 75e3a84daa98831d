"""Nodes, and the graphs that they are closed into."""
