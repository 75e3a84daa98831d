"""From a program to a list of kernel calls with memory assigned."""
