"""yimi: a call-centre agent's phone in a terminal."""

__version__ = "0.10.0"
