"""Layers of images and frames: convolution, pooling, padding."""
