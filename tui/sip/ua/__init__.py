"""The user agent: UAC and UAS above transactions and dialogs."""
