"""Digest authentication on both sides."""

from __future__ import annotations

import random
import re

import pytest

from tui.secrets import Secret
from tui.sip import (
    Challenge,
    DigestClient,
    DigestRefused,
    DigestServer,
    Refusal,
    RemoteProtocolError,
    Request,
    Response,
    Verdict,
    parse_challenge,
)
from tui.sip.auth.credentials import digest_response, read_credentials
from tui.sip.auth.digest import DigestCredentials

PASSWORD = Secret("opensesame")


def client(**options: object) -> DigestClient:
    return DigestClient("1001", PASSWORD, random.Random(1), **options)  # type: ignore[arg-type]


def server(**options: object) -> DigestServer:
    return DigestServer("example.com", random.Random(2), **options)  # type: ignore[arg-type]


def lookup(user: str) -> Secret | None:
    return PASSWORD if user == "1001" else None


def challenge(algorithm: str = "MD5", realm: str = "example.com", **more: str) -> str:
    extra = "".join(f', {name}="{value}"' for name, value in more.items())
    return f'Digest realm="{realm}", nonce="n1", algorithm={algorithm}, qop="auth"{extra}'


def challenged(*values: str, status: int = 401) -> Response:
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    return Response(status, headers=[(name, value) for value in values])


REGISTER = Request("REGISTER", "sip:example.com")


# The examples of RFC 2617 §3.5, RFC 7616 §3.9.1, and §3.9.2 as corrected by erratum 4897.
@pytest.mark.parametrize(
    ("algorithm", "account", "nonce", "uri", "expected"),
    [
        (
            "MD5",
            ("Mufasa", "testrealm@host.com", Secret("Circle Of Life")),
            ("dcd98b7102dd2f0e8b11d0f600bfb0c093", "00000001", "0a4f113b", "auth"),
            "/dir/index.html",
            "6629fae49393a05397450978507c4ef1",
        ),
        (
            "MD5",
            ("Mufasa", "http-auth@example.org", Secret("Circle of Life")),
            (
                "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
                "00000001",
                "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
                "auth",
            ),
            "/dir/index.html",
            "8ca523f5e9506fed4657c9700eebdbec",
        ),
        (
            "SHA-256",
            ("Mufasa", "http-auth@example.org", Secret("Circle of Life")),
            (
                "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
                "00000001",
                "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
                "auth",
            ),
            "/dir/index.html",
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
        (
            "SHA-512-256",
            ("Jäsøn Doe", "api@example.org", Secret("Secret, or not?")),
            (
                "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
                "00000001",
                "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
                "auth",
            ),
            "/doe.json",
            "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5",
        ),
    ],
)
def test_the_examples_of_the_rfcs_come_out(
    algorithm: str,
    account: tuple[str, str, Secret],
    nonce: tuple[str, str, str, str],
    uri: str,
    expected: str,
) -> None:
    found = digest_response(
        algorithm, account, session=False, nonce=nonce, request=("GET", uri, b"")
    )
    assert found == expected


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512-256", "MD5-sess", "SHA-256-sess"])
@pytest.mark.parametrize("qop", ["auth", "auth-int", "auth,auth-int"])
def test_what_the_client_answers_the_server_accepts(algorithm: str, qop: str) -> None:
    asks, answers = server(algorithms=[algorithm], qop=qop), client()
    body = b"<x/>"
    chosen = answers.choose(asks.challenges(0.0))
    assert chosen.qop == ("auth-int" if qop == "auth-int" else "auth")
    for _ in range(2):
        value = answers.sign(chosen, "MESSAGE", "sip:a@b", body)
        assert asks.verify(value, "MESSAGE", lookup, 1.0, body) is Verdict.GOOD
    value = answers.sign(chosen, "MESSAGE", "sip:a@b", body)
    assert asks.verify(value, "INVITE", lookup, 1.0, body) is Verdict.WRONG
    other_body = asks.verify(value, "MESSAGE", lookup, 1.0, b"other")
    assert other_body is (Verdict.WRONG if qop == "auth-int" else Verdict.GOOD)


def test_a_challenge_without_qop_is_answered_the_old_way() -> None:
    asks, answers = server(algorithms=["MD5"], qop=""), client()
    value = answers.sign(answers.choose(asks.challenges(0.0)), "REGISTER", "sip:example.com")
    assert "qop" not in value
    assert "nc=" not in value
    assert "cnonce" not in value
    assert asks.verify(value, "REGISTER", lookup, 1.0) is Verdict.GOOD
    assert asks.verify(value, "REGISTER", lookup, 301.0) is Verdict.STALE


def test_an_algorithm_that_was_not_named_is_md5_and_not_named_back() -> None:
    found = parse_challenge('digest realm="r", nonce="n"')
    assert found == Challenge("r", "n", named=False)
    assert "algorithm" not in client().sign(found, "REGISTER", "sip:r")


def test_quotes_in_what_is_echoed_are_escaped_again() -> None:
    found = parse_challenge('Digest realm="a \\"b\\"", nonce="n\\\\", opaque=""')
    assert found is not None
    assert (found.realm, found.nonce, found.opaque) == ('a "b"', "n\\", "")
    value = client().sign(found, "REGISTER", "sip:r")
    assert 'realm="a \\"b\\"", nonce="n\\\\"' in value
    assert 'opaque=""' in value
    assert read_credentials(value)["realm"] == 'a "b"'


@pytest.mark.parametrize(
    "value",
    [
        "",
        ";",
        "Digest",
        "Basic realm=x",
        'Bearer realm="x", nonce="n"',
        'Digest realm="x"',
        'Digest nonce="x"',
        'Digest realm="x", nonce=""',
        'Digest realm="x", nonce="n", algorithm=TOKEN',
        'Digest realm="x", nonce="n", qop="other"',
        'Digest realm="x", nonce="n", algorithm=MD5-sess',
        'Digest realm="x", realm="y", nonce="n"',
        'Digest realm="x, nonce="n"',
        'Digest realm="x" nonce="n"',
        'Digest realm="x\\", nonce=n',
        "Digest =",
        "Digest realm",
    ],
)
def test_a_challenge_that_we_cannot_answer_is_passed_over(value: str) -> None:
    assert parse_challenge(value) is None
    with pytest.raises(DigestRefused) as caught:
        client().choose([value])
    assert caught.value.why is Refusal.UNKNOWN
    assert client().choose([value, challenge()]).algorithm == "MD5"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["Basic realm=x"], "no challenge that we know (Basic)"),
        (
            ['Digest realm="x", nonce=n, algorithm="AKAv1-MD5", Bearer realm=y'],
            "no challenge that we know (Digest AKAv1-MD5, Bearer)",
        ),
        (["Basic", "Basic", " "], "no challenge that we know (Basic)"),
        (
            ['Digest realm="x", nonce="n", algorithm=MD5, qop="token"'],
            "no challenge that we know (Digest MD5 qop=token)",
        ),
        (
            ['Digest realm="x", qop="auth,auth-int", algorithm=SHA-512'],
            "no challenge that we know (Digest SHA-512)",
        ),
        ([], "no challenge that we know"),
    ],
)
def test_what_was_asked_for_is_said_where_we_cannot_answer_it(values: list[str], said: str) -> None:
    with pytest.raises(DigestRefused) as caught:
        client().choose(values)
    assert str(caught.value) == said


def test_a_challenge_may_have_white_space_and_any_case() -> None:
    found = parse_challenge(
        '  DIGEST   Realm = "r" ,, NONCE=n , Algorithm=sha-256,STALE=TRUE ,qop=AUTH '
    )
    assert found == Challenge("r", "n", "SHA-256", qop="auth", stale=True)


@pytest.mark.parametrize(
    "more", ["opaque=, domain=", 'opaque="",domain=""', "charset=UTF-8, userhash=false,", "x="]
)
def test_what_a_challenge_says_besides_is_no_reason_not_to_answer_it(more: str) -> None:
    found = parse_challenge(f'Digest realm="r", nonce="n", {more}, qop="auth"')
    assert found is not None
    assert (found.realm, found.nonce, found.qop) == ("r", "n", "auth")


@pytest.mark.parametrize(
    "value",
    [
        'Digest realm="r", qop=auth,auth-int, nonce="n"',
        'Digest realm="r", nonce="n", qop=auth-int , auth',
        'Digest realm="r", qop=auth,auth-int,auth-conf,nonce="n",realm="r"',
        'Digest realm="r", nonce="n", nonce="n", qop="auth", realm=r',
    ],
)
def test_a_list_without_quotes_and_what_is_said_twice_alike_are_answered(value: str) -> None:
    (found,) = client().choose_all([value, "Basic realm=x"])
    assert (found.realm, found.nonce) == ("r", "n")
    assert found.qop in ("auth", "auth-int")


def test_the_topmost_challenge_that_we_know_is_taken() -> None:
    values = [challenge("SHA-3"), challenge("SHA-256"), challenge("MD5")]
    assert client().choose(values).algorithm == "SHA-256"
    assert client().choose(values[::-1]).algorithm == "MD5"


def test_a_weaker_algorithm_than_seen_before_is_refused_unless_allowed() -> None:
    answers = client()
    answers.choose([challenge("SHA-256"), challenge("MD5")])
    with pytest.raises(DigestRefused) as caught:
        answers.choose([challenge("MD5")])
    assert caught.value.why is Refusal.WEAKER
    assert answers.choose([challenge("MD5"), challenge("SHA-512-256")]).algorithm == "SHA-512-256"
    assert answers.choose([challenge("MD5", "other")]).algorithm == "MD5"
    trusting = client(allow_weaker=True)
    trusting.choose([challenge("SHA-256")])
    assert trusting.choose([challenge("MD5")]).algorithm == "MD5"


def test_after_the_first_success_only_its_realm_is_answered() -> None:
    answers = client()
    assert answers.choose([challenge(realm="a")]).realm == "a"
    answers.pin("b")
    answers.pin("a")
    with pytest.raises(DigestRefused) as caught:
        answers.choose([challenge(realm="a")])
    assert caught.value.why is Refusal.REALM
    assert answers.choose([challenge(realm="a"), challenge(realm="b")]).realm == "b"


def test_the_count_starts_at_one_for_each_nonce() -> None:
    answers = client()
    one, two = Challenge("r", "one", qop="auth"), Challenge("r", "two", qop="auth")
    values = [answers.sign(c, "REGISTER", "sip:r") for c in (one, one, two, one, two)]
    counts = [re.findall(r"nc=(\w+)", value)[0] for value in values]
    assert counts == ["00000001", "00000002", "00000001", "00000003", "00000002"]


def test_a_peer_that_invents_nonces_and_realms_fills_no_memory() -> None:
    answers = client()
    for n in range(100):
        chosen = answers.choose([f'Digest realm="r{n}", nonce="{n}", qop=auth'])
        answers.sign(chosen, "REGISTER", "sip:r")
    assert len(answers._nonces) == len(answers._strongest) == 16


def met(answers: DigestClient, response: Response) -> tuple[str, str]:
    """The header line that meets a first challenge."""
    asked = DigestCredentials(answers)
    asked.meet(response)
    (line,) = asked.lines(REGISTER)
    return line


def test_a_challenge_is_met_in_the_header_that_belongs_to_it() -> None:
    name, value = met(client(), challenged(challenge()))
    assert name == "Authorization"
    assert value.startswith('Digest username="1001", realm="example.com", nonce="n1"')
    assert met(client(), challenged(challenge(), status=407))[0] == "Proxy-Authorization"


def test_a_second_refusal_is_final_unless_the_nonce_was_stale() -> None:
    asked = DigestCredentials(client())
    asked.meet(challenged(challenge()))
    with pytest.raises(DigestRefused) as caught:
        asked.meet(challenged(challenge()))
    assert caught.value.why is Refusal.REPEATED
    stale = challenged(challenge(stale="true"))
    asked.meet(stale)
    assert asked.lines(REGISTER)[0][0] == "Authorization"
    with pytest.raises(DigestRefused):
        asked.meet(stale)


def test_a_proxy_and_a_registrar_may_each_ask_once() -> None:
    asked = DigestCredentials(client())
    asked.meet(challenged(challenge(), status=407))
    asked.meet(challenged(challenge()))
    for status in (401, 407):
        with pytest.raises(DigestRefused):
            asked.meet(challenged(challenge(), status=status))


def test_every_credential_that_was_asked_for_goes_into_the_next_try() -> None:
    asked = DigestCredentials(client())
    asked.meet(challenged(challenge(realm="edge"), challenge(realm="core"), status=407))
    asked.meet(challenged(challenge(realm="registrar")))
    lines = asked.lines(REGISTER)
    assert [name for name, _ in lines] == ["Proxy-Authorization"] * 2 + ["Authorization"]
    assert [read_credentials(value)["realm"] for _, value in lines] == ["edge", "core", "registrar"]
    again = DigestCredentials(client(), asked.held)
    assert [name for name, _ in again.lines(REGISTER)] == [name for name, _ in lines]


@pytest.mark.parametrize("status", [401, 407])
def test_no_peer_gets_more_than_two_answers_for_each_of_four_realms(status: int) -> None:
    asked, answered = DigestCredentials(client()), 0
    for number in range(40):
        realm = challenge(realm=f"r{number // 5}", stale="true")
        try:
            asked.meet(challenged(realm, status=status))
            answered += 1
        except DigestRefused:
            continue
    assert answered == 8


def test_challenges_in_one_line_are_read_one_by_one() -> None:
    line = f"Basic realm=x, {challenge(realm='a, b')}, {challenge('SHA-256', realm='c')},Odd, x=y"
    found = client().choose_all([line])
    assert [(each.realm, each.algorithm) for each in found] == [("a, b", "MD5"), ("c", "SHA-256")]
    with pytest.raises(DigestRefused):
        client().choose_all(["", "nonsense"])


def test_the_password_shows_nowhere() -> None:
    answers = client()
    shown = repr(answers) + repr(vars(answers)) + met(answers, challenged(challenge()))[1]
    assert PASSWORD.reveal() not in shown


def test_a_wrong_password_user_realm_or_header_is_wrong() -> None:
    asks = server()
    values = asks.challenges(0.0)
    assert [read_credentials(value)["algorithm"] for value in values] == ["SHA-256", "MD5"]
    good = client()
    chosen = good.choose(values)
    bad = [
        DigestClient("1001", Secret("x"), random.Random(1)).sign(chosen, "REGISTER", "sip:r"),
        DigestClient("1002", PASSWORD, random.Random(1)).sign(chosen, "REGISTER", "sip:r"),
        good.sign(Challenge("other", chosen.nonce, "SHA-256", qop="auth"), "REGISTER", "sip:r"),
        good.sign(Challenge("example.com", chosen.nonce, "SHA-512-256", qop="auth"), "R", "sip:r"),
        good.sign(Challenge("example.com", chosen.nonce, "SHA-256"), "REGISTER", "sip:r"),
        good.sign(chosen, "REGISTER", "sip:r").replace("nc=0", "nc=x"),
        re.sub('cnonce="[^"]*"', 'cnonce=""', good.sign(chosen, "REGISTER", "sip:r")),
        re.sub('response="[^"]*"', 'response="ü"', good.sign(chosen, "REGISTER", "sip:r")),
        re.sub(', response="[^"]*"', "", good.sign(chosen, "REGISTER", "sip:r")),
        "Basic x",
        "",
    ]
    for value in bad:
        assert asks.verify(value, "REGISTER", lookup, 1.0) is Verdict.WRONG


def test_a_replayed_count_an_old_nonce_and_a_strange_one_are_stale() -> None:
    asks, answers = server(lifetime=10.0), client()
    chosen = answers.choose(asks.challenges(0.0))
    first, second, third = (answers.sign(chosen, "REGISTER", "sip:r") for _ in range(3))
    assert asks.verify(second, "REGISTER", lookup, 1.0) is Verdict.GOOD
    assert asks.verify(second, "REGISTER", lookup, 1.0) is Verdict.STALE
    assert asks.verify(first, "REGISTER", lookup, 1.0) is Verdict.STALE
    assert asks.verify(third, "REGISTER", lookup, 10.5) is Verdict.STALE
    strange = answers.sign(
        Challenge("example.com", "mine", "SHA-256", qop="auth"), "REGISTER", "sip:r"
    )
    assert asks.verify(strange, "REGISTER", lookup, 1.0) is Verdict.STALE


def test_a_stale_challenge_says_so_and_is_met_silently() -> None:
    asks, answers = server(lifetime=10.0), client()
    asked = DigestCredentials(answers)
    asked.meet(challenged(*asks.challenges(0.0)))
    asked.meet(challenged(*asks.challenges(20.0, stale=True)))
    ((_, value),) = asked.lines(REGISTER)
    assert asks.verify(value, "REGISTER", lookup, 20.0) is Verdict.GOOD


def test_the_server_keeps_a_bounded_number_of_nonces() -> None:
    asks, answers = server(max_nonces=3), client()
    oldest = answers.choose(asks.challenges(0.0))
    for _ in range(3):
        asks.challenges(0.0)
    value = answers.sign(oldest, "REGISTER", "sip:r")
    assert asks.verify(value, "REGISTER", lookup, 0.0) is Verdict.STALE


def test_a_refusal_is_an_error_of_the_peer() -> None:
    assert issubclass(DigestRefused, RemoteProtocolError)
    assert "realm" in str(DigestRefused(Refusal.REALM))
