"""The directory of groups and colleagues."""
