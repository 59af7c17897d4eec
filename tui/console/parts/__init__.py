"""The parts that the app is composed of."""
