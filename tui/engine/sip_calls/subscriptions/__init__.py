"""What a session at a PBX is subscribed to (RFC 6665): `keeper` is the one door. Whoever wants to
know of an address takes a `Watch` of it, and hears a `WatchedState` each time that one changes."""
