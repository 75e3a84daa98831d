"""The base class of modules: attributes, parts, parameters, modes, registry, snapshots."""
