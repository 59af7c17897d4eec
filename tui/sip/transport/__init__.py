"""SIP over WebSocket (RFC 7118): the only place with I/O."""
