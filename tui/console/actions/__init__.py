"""What an agent can do, by which key, and when."""
