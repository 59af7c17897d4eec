"""config.toml as a text: its tables, where a key stands, and what keeps it from being TOML."""
