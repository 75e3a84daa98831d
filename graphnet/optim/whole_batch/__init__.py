"""Optimisers that evaluate the loss of all data several times in a step."""
