"""Matrix products: register tiles, packing, cache blocking."""
