"""The rules of primitives, written once: for calls of kernels, and for code in line in a scan."""
