"""Random graphs of the whole library: layers of every class at random sizes."""
