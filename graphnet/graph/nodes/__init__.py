"""Nodes, and the calls of modules that make them."""
