"""Keys on their way from the terminal to what they mean."""
