"""Audio, over ICE, DTLS and SRTP. Imported in the engine's process only."""
