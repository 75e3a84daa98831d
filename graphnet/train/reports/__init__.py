"""Reports of a training: losses, progress, pictures."""
