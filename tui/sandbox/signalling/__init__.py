"""The sandbox's SIP: registrar, flows, messages."""
