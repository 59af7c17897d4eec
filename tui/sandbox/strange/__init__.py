"""The platform at its most unlike, by seed."""
