"""All that an agent can do, one command each, at an engine that runs."""
