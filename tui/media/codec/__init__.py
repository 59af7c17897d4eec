"""Codecs: Opus, G.711, G.722, and concealment."""
