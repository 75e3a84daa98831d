"""What a module costs: summary, memory plan, profile."""
