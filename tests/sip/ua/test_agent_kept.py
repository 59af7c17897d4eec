"""A dialog that outlives its user agent: noted, and taken up by the next one."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from tests.sip.agents import AGENT, OFFER, Pair, Side, config, pbx_config
from tui.sip import CallEnded, InviteReceived, KeptDialog, LocalProtocolError


class Outlived(Pair):
    """We (`a`) are in a call and die; another agent of ours takes the place of the first."""

    def __init__(self, *, ours: bool) -> None:
        super().__init__(
            config(register=False, transfers=True, trusted=(), session_expires=0),
            pbx_config(transfers=True, session_expires=0),
        )
        if ours:
            self.a.agent.invite("sip:1002@example.test", OFFER, self.now)
            self.pump()
            self.at_b = self.b.last(InviteReceived).call
            self.b.agent.accept(self.at_b, OFFER, self.now)
            self.pump()
            at_a = next(iter(self.a.agent._book)).handle
        else:
            at_a, self.at_b = self.call()
        # As the note on disk does it.
        noted = json.loads(json.dumps(asdict(self.a.agent.kept(at_a))))
        self.kept = KeptDialog(**{**noted, "routes": tuple(noted["routes"])})
        self.a = Side(config(register=False, transfers=True, trusted=()), 7, "cccc.invalid")
        self.a.agent.connection_made(self.now)
        self.old = self.a.agent.restore(self.kept)


@pytest.mark.parametrize("ours", [True, False])
def test_a_dialog_that_was_noted_is_ended_by_another_agent_of_ours(ours: bool) -> None:
    pair = Outlived(ours=ours)
    pair.a.agent.bye(pair.old, pair.now)
    pair.pump()
    assert pair.b.one(CallEnded) == CallEnded(pair.at_b, True, 200, "")
    assert pair.starts()[-2:] == ["a BYE", "b 200"]


@pytest.mark.parametrize("ours", [True, False])
def test_a_dialog_that_was_noted_is_named_in_replaces_and_its_end_is_taken(ours: bool) -> None:
    pair = Outlived(ours=ours)
    replaces = pair.a.agent.replaces_header(pair.old)
    headers = (("Require", "replaces"), ("Replaces", replaces))
    pair.a.agent.invite("sip:1002@example.test", OFFER, pair.now, headers)
    pair.pump()
    invited = pair.b.last(InviteReceived)
    assert invited.replaces == pair.at_b
    pair.b.agent.accept(invited.call, OFFER, pair.now)
    pair.pump()
    assert pair.a.one(CallEnded).call == pair.old


def test_only_a_call_that_is_up_can_be_kept() -> None:
    pair = Pair()
    pair.b.agent.invite(AGENT, OFFER, pair.now)
    pair.pump()
    with pytest.raises(LocalProtocolError):
        pair.a.agent.kept(pair.a.last(InviteReceived).call)


def test_a_bye_may_say_why() -> None:
    pair = Pair()
    at_a, _ = pair.call()
    pair.a.agent.bye(at_a, pair.now, 'SIP;cause=488;text="Not Acceptable Here"')
    pair.pump()
    (reason,) = pair.b.one(CallEnded).reasons
    assert (reason.protocol, reason.cause) == ("SIP", 488)
