"""ICE, DTLS and SRTP, by aiortc."""
