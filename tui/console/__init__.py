"""The terminal front end: looks at an engine through the port."""

import os

# Before Textual is imported, which reads it once. After one frame it waits one to two of these
# periods for the next, however little there is to draw: a call that begins to ring just after a
# clock's tick was up to 33 ms late at its usual 60. How much is written is `terminal/driver.py`'s.
os.environ.setdefault("TEXTUAL_FPS", "200")
