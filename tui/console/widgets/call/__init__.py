"""The call panel and its rows."""
