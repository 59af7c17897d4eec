"""The agent's day: seat, incoming calls, write-up, history."""
