"""The queues of a PBX that the agent works in: `member` is one of them, as its hints tell, and
`queues` dials what the seat is to be in them, and follows what they do by themselves."""
