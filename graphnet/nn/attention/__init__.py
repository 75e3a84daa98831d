"""Attention: composed graphs, from scores of queries and keys to the layers of a Transformer."""
