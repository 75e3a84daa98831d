"""Array programs, and what tests of passes ask of them."""
