"""What is drawn, before any DOT is written."""
