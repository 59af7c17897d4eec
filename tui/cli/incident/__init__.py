"""Commands for when something is wrong."""
