"""What a module is: its attributes, parts, parameters, registry."""
