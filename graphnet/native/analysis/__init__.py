"""Analyses of programs before code generation."""
