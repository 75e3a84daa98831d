"""Initial values of parameters: by fan, by matrix, and for the parameters of a name."""
