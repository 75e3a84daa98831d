"""LLVM: processors, object code, and the instructions for elements."""
