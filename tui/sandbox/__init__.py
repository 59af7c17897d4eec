"""A call platform in a box: for trying out, for training, and for tests."""
