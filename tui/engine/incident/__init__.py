"""What an engine keeps of its last hour, and the one file that it makes of it (`yimi bundle`)."""
