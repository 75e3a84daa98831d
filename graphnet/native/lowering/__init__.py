"""Lowering: loop fusion, and the rules of primitives, for kernels and for code in line in scans."""
