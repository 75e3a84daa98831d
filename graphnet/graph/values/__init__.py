"""What modules are made of and given: tables, parameters, memories, random numbers."""
