"""The sandbox's PBX, sans I/O."""
