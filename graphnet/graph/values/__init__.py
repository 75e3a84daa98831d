"""Values: tables, parameters, memories, random numbers, sources of program inputs."""
