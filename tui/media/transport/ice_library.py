"""aioice, without its mDNS until somebody is named by it.

Browsers may put a name (`….local`) in the place of an address (mDNS candidates of the IETF's
draft), and for those aioice loads dnspython with itself: 46 modules, 2 MB of each engine in a
call, a quarter of the time in which the first call's sound is loaded. Media servers have no such
names. So here stands in the place of `aioice.mdns` what says whether a name is one, and loads the
module for all else.
"""

from __future__ import annotations

import asyncio
import importlib
import re
import sys
from types import ModuleType
from typing import Any, Final

_MDNS: Final = "aioice.mdns"
_NAME: Final = re.compile(r"[0-9A-Za-z-]{1,63}\.local")


class _Later(ModuleType):
    """The module, once it is wanted."""

    MDnsProtocol = object
    """Which aioice names in annotations."""

    @staticmethod
    def is_mdns_hostname(name: str) -> bool:
        """Whether it is asked for by mDNS."""
        return _NAME.fullmatch(name) is not None

    @staticmethod
    async def create_mdns_protocol() -> Any:
        """What asks. A thread loads it: a call may be up."""
        return await (await asyncio.to_thread(_now)).create_mdns_protocol()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # Python asks for those of each module that it imports
            raise AttributeError(name)
        return getattr(_now(), name)


def _now() -> Any:
    if isinstance(sys.modules.get(_MDNS), _Later):
        del sys.modules[_MDNS]
    return importlib.import_module(_MDNS)


if "aioice" not in sys.modules:
    sys.modules[_MDNS] = _Later(_MDNS)

import aioice as aioice  # noqa: E402 - after what stands in it
