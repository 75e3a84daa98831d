"""What a training shows: losses, progress, pictures."""
