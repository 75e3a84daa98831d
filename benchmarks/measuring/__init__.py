"""What all benchmarks share: the machine, timing by turns, tables."""
