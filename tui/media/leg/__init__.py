"""One audio leg, and several of them mixed."""
