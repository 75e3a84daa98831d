"""The picture: a model of the drawing, before any DOT is written."""
