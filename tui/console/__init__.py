"""The terminal front end: looks at an engine through the port."""
