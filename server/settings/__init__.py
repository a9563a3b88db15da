"""Settings of the server: read once, from flags, variables and headway.toml."""
