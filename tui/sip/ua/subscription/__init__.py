"""SUBSCRIBE, and the NOTIFYs that it brings (RFC 6665)."""
