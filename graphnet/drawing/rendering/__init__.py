"""DOT, and the Graphviz that makes SVG, PNG or PDF of it."""
