"""SIP messages: text to values and back (RFC 3261 §7, §19, §20, §25)."""
