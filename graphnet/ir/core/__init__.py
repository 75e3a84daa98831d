"""Programs and how they are built: types, equations, symbolic arrays, tracing."""
