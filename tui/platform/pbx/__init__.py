"""An ordinary PBX, in the place of a platform."""
