"""The platform's generation 1 (SDK 1.x)."""
