"""Who is to be called back: when, from which list, and what became of it."""
