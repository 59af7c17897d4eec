"""Which state follows which, as tables."""
