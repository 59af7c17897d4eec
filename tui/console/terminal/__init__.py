"""The border to the terminal: what it says is told from what a person types, and what is drawn is
no more than it can take."""
