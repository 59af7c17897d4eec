"""What a PBX tells of others, and what is done by it: colleagues' lamps, the mailbox, parking."""
