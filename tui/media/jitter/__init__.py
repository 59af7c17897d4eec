"""The jitter buffer: when each packet is played, and what is played for one that is not there."""
