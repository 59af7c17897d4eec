"""Dialogs (RFC 3261 §12) and what goes with one."""
