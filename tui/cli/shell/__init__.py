"""What the shell and the desktop know of `yimi`: completions, the manual page, links."""
