"""The calls that are over: the last of them, and the history."""
