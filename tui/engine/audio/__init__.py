"""The sound of calls, as the engine holds it: legs, devices, quality, tones."""
