"""Labels of vertices: their text and look."""
