"""The settings, and what is chosen from there."""
