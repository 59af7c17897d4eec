"""The sandbox's audio legs, bridges and voices."""
