"""The platform's generation 2 (SDK 2.x)."""
