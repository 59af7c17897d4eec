"""config.toml, the settings beside it, and where files live."""
