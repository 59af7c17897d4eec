"""`yimi probe`: what a platform says, written down masked, so that a report becomes a test."""
