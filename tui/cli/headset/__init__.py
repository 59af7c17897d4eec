"""The headset through SSH: both ends as commands."""
