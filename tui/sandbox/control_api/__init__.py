"""The sandbox's control API: what a person or a test does to the platform."""
