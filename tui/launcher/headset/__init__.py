"""The way to the engine that a headset at hand is to serve: a login, a tunnel, its process here."""
