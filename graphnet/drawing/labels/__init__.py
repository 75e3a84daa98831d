"""What is written on a vertex, and how."""
