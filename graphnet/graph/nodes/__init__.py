"""Nodes: modules applied to other nodes, and what calls of modules mean."""
