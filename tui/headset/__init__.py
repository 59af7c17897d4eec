"""The computer one sits at, while the engine is elsewhere: its sound, served on a socket."""
