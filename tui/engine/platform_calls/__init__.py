"""Calls that the contact-centre platform controls: what is asked, what it reports."""
