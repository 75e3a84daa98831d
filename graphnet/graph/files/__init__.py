"""Copies, descriptions and files of modules."""
