"""What PBXs tell of others: who talks (RFC 4235), who is there (RFC 3863, 4480), what waits in the
mailbox (RFC 3842). Bodies in, values out; all texts in them have passed `clean_text()`."""
