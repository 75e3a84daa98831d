"""Random nets as people write them: their code is drawn, run in every way, and compared."""
