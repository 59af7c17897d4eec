"""Signing in, registering, and staying there."""
