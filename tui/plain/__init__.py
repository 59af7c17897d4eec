"""Plain mode: the agent's desk in lines of text, for who does not see the screen."""
