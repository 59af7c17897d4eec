"""The screens of an agent's day."""
