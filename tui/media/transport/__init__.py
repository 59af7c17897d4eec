"""ICE, DTLS and SRTP, by aioice, OpenSSL and libsrtp."""
