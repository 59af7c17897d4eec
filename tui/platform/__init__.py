"""The dialect of the contact-centre platform."""
