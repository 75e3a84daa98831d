"""Emitters of kernels, and the cache of kernels."""
