"""The reference cases of Torch7: how a case is built, run and compared."""
