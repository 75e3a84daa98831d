"""Copies and files of modules."""
