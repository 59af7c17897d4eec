"""A bundle's hour on the console again: read, walked through, drawn by the console's own screen."""
