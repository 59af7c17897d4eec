"""Who is calling: asked of the agent's own lists, a command, or a web address."""
