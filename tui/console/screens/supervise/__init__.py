"""A supervisor's page: the group's live calls, and its members."""
