"""The terminal front end: looks at an engine through the port."""

import os

# What else Textual reads of the environment is for who writes programs with it: a file for its log
# that cannot be written, or a kind of colours that there is not, ends every screen.
for _name in [name for name in os.environ if name.startswith("TEXTUAL")]:
    if _name not in ("TEXTUAL_FPS", "TEXTUAL_ANIMATIONS", "TEXTUAL_DISABLE_KITTY_KEY"):
        del os.environ[_name]
# Before Textual is imported, which reads it once. After one frame it waits one to two of these
# periods for the next, however little there is to draw: a call that begins to ring just after a
# clock's tick was up to 33 ms late at its usual 60. How much is written `console/terminal/driver.py`
# decides.
os.environ.setdefault("TEXTUAL_FPS", "200")
