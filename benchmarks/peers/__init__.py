"""What is timed: the work of a case, and one way of doing it in each library."""
