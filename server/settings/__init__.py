"""The server's settings: read once, from flags, variables and headway.toml."""
