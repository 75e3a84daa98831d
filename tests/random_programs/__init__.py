"""Random array programs: how they are drawn, how exact they are, campaigns of them."""
