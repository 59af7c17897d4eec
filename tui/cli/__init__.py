"""The command line: `yimi`."""
