"""The libopus of a newer Debian, which conceals by a neural net, beside PyAV's, which does not: it
is found by what it does, `yimi doctor` says so, and what it makes up is nearer to what was said.

The library is the one in Asterisk's tree (`asterisk/bootstrap`); it is named to the loader as an
installed one would be.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bench import recorded_speech
from tests.interop.asterisk_pbx import ROOT
from tests.interop.programs import Missing

MEASURED = """
import json
from tests.media import lines
from tests.bench import recorded_speech
from tui.media.codec import codecs, opus
from tui.media.pcm.levels import audioop

def distance(one, other):
    # Of the loudness, 20 ms by 20 ms: what is left when nobody is to be told a voice from a voice.
    rms = lambda pcm, at: audioop.rms(pcm[at:at + 1920], 2)
    return sum(abs(rms(one, at) - rms(other, at)) for at in range(0, len(one) - 1919, 1920))

said = recorded_speech.said(recorded_speech.clips(30))
sent = lines.packets(said)
whole = codecs.decoder("opus")
truth = [whole.decode(packet.payload) for packet in sent]
off = 0
for first in range(10, len(sent) - 4, 7):
    decoder = codecs.decoder("opus")
    for packet in sent[max(0, first - 20):first]:
        decoder.decode(packet.payload)
    made = b"".join(decoder.conceal(960) for _ in range(3))
    off += distance(b"".join(truth[first:first + 3]), made)
found = opus.library()
print(json.dumps(dict(source=found.source, version=found.version, deep=found.deep, off=off)))
"""


@pytest.fixture
def newer(tmp_path: Path) -> dict[str, str]:
    """An environment in which the system's libopus is the newer one."""
    if not list(recorded_speech.FOLDER.glob(recorded_speech.PASSAGES)):
        raise Missing("there is no recorded speech: apt install pocketsphinx-testdata")
    tree = os.environ.get(ROOT, "")
    found = sorted(Path(tree).glob("usr/lib/*/libopus.so.0")) if tree else []
    if not found:
        raise Missing(f"{ROOT} names no tree with a libopus: tests/interop/asterisk/bootstrap")
    shutil.copyfile(found[0], tmp_path / "libopus.so.0")
    return {**os.environ, "LD_LIBRARY_PATH": str(tmp_path), "HOME": str(tmp_path)}


def measured(environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", MEASURED],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=120,
        check=True,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_the_newer_library_is_found_by_what_it_does_and_is_nearer_to_what_was_said(
    newer: dict[str, str],
) -> None:
    deep, plain = measured(newer), measured({**os.environ})
    assert (deep["source"], deep["deep"]) == ("system", True), deep
    if plain["deep"]:  # where this machine's own has it, there is nothing to compare with
        assert plain["off"] == deep["off"]
    else:
        assert deep["off"] < 0.9 * plain["off"]


def test_doctor_says_which_one_runs(newer: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tui.cli.main", "doctor"],
        env={**newer, "LC_ALL": "C.UTF-8"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "system: libopus" in done.stdout
    assert "by its neural net" in done.stdout
