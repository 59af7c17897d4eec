"""Devices of a sound server, without hardware."""

from __future__ import annotations

from tests.interop.sound_server import SoundServer

HEADSET = ("Headset", "headset_out", "Headset-microphone", "headset_in")
DESK = ("Loudspeaker", "desk_out", "Desk-microphone", "desk_in")


def plug_in(
    room: SoundServer, sink: str, sink_name: str, source: str, source_name: str
) -> list[str]:
    """A loudspeaker, and a microphone that hears it and nothing else: the ids of their modules."""
    return [
        room.pactl("load-module", "module-null-sink", f"sink_name={sink_name}",
                   f"sink_properties=device.description={sink}"),
        room.pactl("load-module", "module-remap-source", f"master={sink_name}.monitor",
                   f"source_name={source_name}", f"source_properties=device.description={source}"),
    ]  # fmt: skip
