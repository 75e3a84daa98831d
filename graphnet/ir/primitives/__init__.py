"""The primitives, by kind."""
