"""Settings that come from the administrator's server: signed, fetched ahead, kept on this disk."""
