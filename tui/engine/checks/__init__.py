"""The check before the shift: what a call needs, one thing after another."""
