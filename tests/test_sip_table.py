"""docs/sip.md is held to the tree: nothing is left out, and all that it names exists."""

from __future__ import annotations

import pytest

from tests.tables import assert_row_holds, rows

NAMED = {
    "Obligations": (
        *("RFC 7118", "RFC 3261 §17, 6026", "RFC 3261 §13.3.1.4", "RFC 3261 §9", "RFC 3261 §12"),
        *("RFC 3261 §13.2.2.4", "RFC 3261 §8.2.2", "RFC 3261 §14", "RFC 3261 §15"),
        *("RFC 7616, 8760", "RFC 5626"),
        *("RFC 4028", "RFC 3311, 4320", "RFC 3262", "RFC 3264, 6337"),
        *("RFC 3515, 3891, 3892, 6665", "RFC 3428", "RFC 3261 §11", "RFC 4733", "RFC 5763"),
        *("RFC 2198", "RFC 6665", "RFC 4235", "RFC 3842", "RFC 3856, 3863, 4480"),
        *("RFC 3608", "RFC 8122", "RFC 8445", "RFC 9143", "RFC 8829, 8643"),
        *("RFC 3261 §8.1.3.4", "RFC 3311", "RFC 3311, 4028", "RFC 3891"),
        *("RFC 3960", "RFC 3325", "RFC 3326", "RFC 3966", "RFC 5621", "RFC 4475", "RFC 5373"),
    ),
    "Timing": ("Reconnect", "REGISTER", "Ping", "Flow lost in a call", "Token"),
    "Attacks": (
        *("Not from the PBX", "Digest leak", "Downgrade", "XML bombs", "CR, LF"),
        *("Terminal escapes", "Markup in names", "TLS not verified", "Size and number"),
        *("Slow parsing", "Malformed SDP, RTP, RTCP", "Auto-answer from outside"),
        *("Forged BYE, CANCEL, re-INVITE", "Microphone opened", "Datagrams from strangers"),
        *("STUN, TURN garbage", "RTCP BYE, SSRC changes, SRTP noise", "REFER or 3xx"),
        *("A name in From", "Known crashers", "Secrets in logs and files"),
    ),
}


TABLE = rows("sip.md")
ROWS = [row for section in TABLE.values() for row in section]


@pytest.mark.parametrize(("what", "where", "tests"), ROWS, ids=[row[0] for row in ROWS])
def test_every_row_of_sip_names_modules_and_tests_that_exist(
    what: str, where: str, tests: str
) -> None:
    assert_row_holds(where, tests)


@pytest.mark.parametrize("heading", NAMED)
def test_every_obligation_timing_and_attack_has_its_row_once(heading: str) -> None:
    whats = [what for what, _, _ in TABLE[heading]]
    for name in NAMED[heading]:
        assert any(what.startswith(f"{name}:") for what in whats), name
    assert len(whats) == len(set(whats))
    strange = [
        what for what in whats if not what.startswith(tuple(f"{n}:" for n in NAMED[heading]))
    ]
    assert strange == []
