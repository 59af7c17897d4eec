"""PCM samples: levels, tones, sources and sinks."""
