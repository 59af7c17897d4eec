"""Audio: aiortc made fit for PBXs. Imported in the engine's process only."""
