"""A whole TCF without I/O: five verbs, routes, commands, settings."""
