"""What can be said, by what it is about."""
