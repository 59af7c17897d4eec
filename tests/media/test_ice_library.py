"""aioice is loaded without what it asks names by, until a name is asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
_PROGRAM = """
import asyncio, json, sys
import tui.media.leg.leg
from tui.media.transport.ice_library import aioice

def loaded():
    return "dns.message" in sys.modules

async def main():
    said = {"at first": loaded()}
    mdns = aioice.ice.mdns
    names = ("a-1.local", "b.example.com", "192.0.2.1", "a.b.local", ".local")
    said["asked for"] = [name for name in names if mdns.is_mdns_hostname(name)]
    connection = aioice.Connection(ice_controlling=True)
    candidate = "1 1 udp 2130706431 192.0.2.1 9 typ host"
    await connection.add_remote_candidate(aioice.Candidate.from_sdp(candidate))
    said["after an address"] = loaded()
    await connection.close()
    said["a name of its own"] = mdns.create_mdns_hostname().endswith(".local")
    said["after a name"] = loaded()
    import aioice.mdns as real
    said["the same"] = [
        real.is_mdns_hostname(name) is mdns.is_mdns_hostname(name) for name in names
    ]
    real.create_mdns_protocol = lambda: asyncio.sleep(0, "asked")
    said["protocol"] = await mdns.create_mdns_protocol()
    print(json.dumps(said))

asyncio.run(main())
"""


def test_what_asks_by_mdns_is_loaded_with_the_first_name() -> None:
    run = subprocess.run(
        [sys.executable, "-c", _PROGRAM], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    said: dict[str, Any] = json.loads(run.stdout)
    assert said == {
        "at first": False,
        "asked for": ["a-1.local"],
        "after an address": False,
        "a name of its own": True,
        "after a name": True,
        "the same": [True] * 5,
        "protocol": "asked",
    }
