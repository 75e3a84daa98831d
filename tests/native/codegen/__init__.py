"""Tests of emitted code and of the kernels that are kept."""
