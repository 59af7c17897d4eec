"""The headset of the computer one sits at, carried to an engine far away."""
