"""Calls at an ordinary PBX: up to four that SIP alone controls."""
