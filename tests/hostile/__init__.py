"""Damaged files: what is damaged, how, and what reading them may take."""
