"""What the PBX consists of: each part does one thing with the state that all share."""
