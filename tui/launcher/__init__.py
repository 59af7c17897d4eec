"""What stands above the screen: processes started, found, kept alive."""
