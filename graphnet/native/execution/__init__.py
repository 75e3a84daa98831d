"""Programs lowered to machine code, and their calls."""
