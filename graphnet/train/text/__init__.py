"""Text and the character model."""
