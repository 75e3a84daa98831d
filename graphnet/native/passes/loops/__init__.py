"""Passes over scans: hoisting, sinking, vectorisation over steps."""
