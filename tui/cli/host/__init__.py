"""Commands of whoever looks after a desk or a host."""
