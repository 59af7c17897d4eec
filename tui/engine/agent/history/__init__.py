"""The history of calls: its file, what is written and asked of it, and its export."""
