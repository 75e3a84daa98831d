"""Names of PyTorch, Torch and Keras, with what stands for them here: aliases and equivalents."""
