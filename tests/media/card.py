"""A sound card driven by hand: PortAudio's interface, and what another process would list."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tui.media.device.devices import DeviceStream, PortAudio, SoundState
from tui.media.device.enumerate import Listing, listed


def note(states: list[tuple[SoundState, str]]) -> Any:
    return lambda state, device: states.append((state, device))


class Card:
    """PortAudio's interface, driven by hand: what is tested is what we do with it. `there` is
    what is plugged in, `seen` what PortAudio saw when it was initialised last."""

    class CallbackStop(Exception):
        pass

    class PortAudioError(Exception):
        pass

    def __init__(self, *there: str) -> None:
        self.there = list(there or ("headset (hw:1,0)",))
        self.seen = list(self.there)
        self.streams: list[Any] = []
        self.fails = False
        self.takes: set[tuple[int, int]] | None = None
        """Rates and channels that the devices open with; None: any."""
        self.rate, self.channels = 48_000.0, (1, 2)
        """As PortAudio says them: the default rate, the most channels in and out."""
        self.tried: list[tuple[int, int]] = []
        self.goes_on = threading.Event()
        """While it is clear, the driver does not come back from anything."""
        self.goes_on.set()
        self.stands = threading.Event()
        """Set once somebody waits for that."""
        card = self

        class Stream:
            def __init__(self, **named: Any) -> None:
                card.come_back()
                if card.fails or card.seen[named["device"]] not in card.there:
                    raise card.PortAudioError("Device unavailable", -9985)
                form = named["samplerate"], named["channels"]
                card.tried.append(form)
                if card.takes is not None and form not in card.takes:
                    wrong_rate = all(form[0] != rate for rate, _ in card.takes)
                    raise card.PortAudioError("Invalid", -9997 if wrong_rate else -9998)
                self.named, self.closed = named, False
                self.device = card.seen[named["device"]]
                card.streams.append(self)

            def start(self) -> None:
                pass

            def close(self) -> None:
                card.come_back()
                if not self.closed:
                    self.closed = True
                    self.named["finished_callback"]()

            def call(self, frames: int = 960, block: bytes | None = None) -> bytes:
                data = bytearray(block or bytes(2 * frames))
                self.named["callback"](memoryview(data), frames, None, None)
                return bytes(data)

        self.RawInputStream = self.RawOutputStream = Stream

    def come_back(self) -> None:
        if not self.goes_on.is_set():
            self.stands.set()
            self.goes_on.wait()

    @property
    def open(self) -> list[Any]:
        return [stream for stream in self.streams if not stream.closed]

    def query_devices(self, name: str | None = None, kind: str | None = None) -> Any:
        self.come_back()
        entries = [
            {
                "name": each,
                "index": i,
                "max_input_channels": self.channels[0],
                "max_output_channels": self.channels[1],
                "default_samplerate": self.rate,
            }
            for i, each in enumerate(self.seen)
        ]
        if kind is None:
            return entries
        if not entries:
            raise self.PortAudioError("no device")
        return entries[0]


class Library(PortAudio):
    """The card as the library; the list is made anew as PortAudio's is."""

    def __init__(self, card: Card, clock: Callable[[], float] = lambda: 0.0) -> None:
        super().__init__(ask=self._other_process, clock=clock)
        self.card = card
        self.asked = 0

    def load(self) -> Any:
        if not self._open:
            self.card.seen = list(self.card.there)
        return self.card

    def _other_process(self) -> Listing:
        self.asked += 1
        other = Card()
        other.seen = list(self.card.there)
        return listed(other)


def stream_on(card: Card, kind: Any, states: list[Any], now: list[float]) -> DeviceStream:
    return DeviceStream(
        kind, "", library=Library(card), on_state=note(states), clock=lambda: now[0]
    )


def settle(stream: DeviceStream) -> None:
    assert stream._library.flush()
