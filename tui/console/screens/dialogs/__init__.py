"""Dialogs: they stand in the lower half of the console."""
