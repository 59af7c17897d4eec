"""The situations of RFC 4475, with messages of our own: what must be read, what refused.

Each test names the section's own short name. Where the RFC leaves the choice, the comment says
what is chosen here.
"""

from __future__ import annotations

import pytest

from tui.sip import RemoteProtocolError, Request, Response, parse_message
from tui.sip.message.message import answerable

VIA = "Via: SIP/2.0/WSS h.example.com;branch=z9hG4bKkd\r\n"
FROM = "From: <sip:bob@example.com>;tag=1\r\n"
TO = "To: <sip:1001@example.com>\r\n"
CALL = "Call-ID: torture.1@example.com\r\n"
REST = VIA + FROM + TO + CALL


def message(start: str, headers: str, body: str = "") -> bytes:
    return f"{start}\r\n{headers}\r\n{body}".encode()


def read(start: str, headers: str, body: str = "") -> Request:
    found = parse_message(message(start, headers, body))
    assert isinstance(found, Request)
    return found


def refused(start: str, headers: str, body: str = "") -> RemoteProtocolError:
    with pytest.raises(RemoteProtocolError) as caught:
        parse_message(message(start, headers, body))
    return caught.value


def test_wsinv_a_short_and_tortuous_invite() -> None:
    found = read(
        "INVITE sip:1001@example.com;unknownparam SIP/2.0",
        "TO :\r\n sip:1001@example.com ;   tag    = 1918181833n\r\n"
        'from   : "B. \\\\\\"Quote\\"" <sip:bob@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n'
        "MaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.ndaksdj@192.0.2.1\r\nContent-Length   : 4\r\n"
        "cseq: 0009\r\n  INVITE\r\nVia  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;"
        "branch=390skdjuw\r\n"
        "s :\r\nNewFangledHeader:   newfangled value\r\n continued newfangled value\r\n"
        "UnknownHeaderWithUnusualValue: ;;,,;;,;\r\nContent-Type: application/sdp\r\n"
        "Route:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\n"
        "v:  SIP  / 2.0  / TCP     p.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n"
        " SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n"
        'm:"Quoted string \\"\\"" <sip:bob@example.com> ; newparam =\r\n      newvalue ;\r\n'
        "  secondparam ; q = 0.33\r\n",
        "v=0\n",
    )
    assert found.to.tag == "1918181833n"
    assert found.from_.display_name == 'B. \\"Quote"'
    assert found.cseq.number == 9
    assert [hop.host for hop in found.via] == ["192.0.2.2", "p.example.com", "192.168.255.111"]
    assert [hop.branch for hop in found.via] == ["390skdjuw", "z9hG4bK9ikj8", "z9hG4bK30239"]
    assert found.headers.get("Subject") == ""
    assert found.headers.get("NewFangledHeader") == "newfangled value continued newfangled value"
    assert found.contact is not None
    assert found.contact.params == {"newparam": "newvalue", "secondparam": "", "q": "0.33"}
    assert found.route[0].uri.params["unknownwith"] == "value"
    assert found.number("Max-Forwards") == 68


def test_intmeth_every_character_that_may_stand_where_it_may() -> None:
    method = "!interesting-Method0123456789_*+`.%indeed'~"
    user = "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    found = read(
        f"{method} sip:{user}:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0",
        VIA + 'To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:1_u.@example.com>\r\n'
        "From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%="
        '"Δε";tag=_token~1\'+`*%!-.\r\n'
        "Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\r\n"
        f"CSeq: 139122385 {method}\r\nextensionHeader-!.%*+_`'~: 大停電\r\n",
    )
    assert found.request_uri.user == user
    assert found.from_.display_name == "token1~` token2'+_ token3*%!.-"
    assert found.from_.tag == "_token~1'+`*%!-."
    assert found.headers.get("Extensionheader-!.%*+_`'~") == "大停電"


def test_esc01_and_escnull_escapes_in_uris_stay_what_they_are() -> None:
    found = read(
        "INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0", REST + "CSeq: 1 INVITE\r\n"
    )
    assert found.request_uri.unescaped() == "sips:user@example.com"
    assert found.request_uri.host == "example.net"
    null = read("REGISTER sip:null-%00-null@example.com SIP/2.0", REST + "CSeq: 1 REGISTER\r\n")
    assert null.request_uri.unescaped() == "null-\0-null"


def test_esc02_percent_is_a_letter_of_tokens_and_escapes_nothing_there() -> None:
    found = read(
        "RE%47IST%45R sip:example.com SIP/2.0",
        VIA
        + TO
        + CALL
        + 'From: "%Z%45" <sip:r@example.com>;tag=f232\r\nCSeq: 29344 RE%47IST%45R\r\n',
    )
    assert found.method == "RE%47IST%45R"
    assert found.from_.display_name == "%Z%45"


def test_lwsdisp_no_space_between_name_and_address() -> None:
    found = read(
        "OPTIONS sip:1001@example.com SIP/2.0",
        VIA + TO + CALL + "From: caller<sip:caller@example.com>;tag=323\r\nCSeq: 60 OPTIONS\r\n",
    )
    assert (found.from_.display_name, found.from_.tag) == ("caller", "323")


def test_longreq_long_values_are_read() -> None:
    name = "I have a user name of extreme proportion" * 20
    found = read(
        "INVITE sip:1001@example.com SIP/2.0",
        "".join(f"Via: SIP/2.0/TCP sip{n}.example.com;branch=z9hG4bK{n}\r\n" for n in range(34))
        + f'From: "{name}" <sip:{"long" * 50}@example.com>;tag={"12" * 200};x="{"y" * 500}"\r\n'
        + f"To: <sip:1001@example.com>\r\nCall-ID: longreq.{'on' * 200}\r\n"
        + "CSeq: 3882340 INVITE\r\n",
    )
    assert len(found.via) == 34
    assert found.from_.display_name == name


def test_dblreq_what_stands_behind_the_message_is_dropped() -> None:
    second = "INVITE sip:joe@example.com SIP/2.0\r\n\r\n"
    found = read("REGISTER sip:example.com SIP/2.0", REST + "CSeq: 8 REGISTER\r\nl: 0\r\n", second)
    assert found.body == b""


def test_semiuri_a_semicolon_in_the_user_is_no_parameter() -> None:
    found = read(
        "OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0", REST + "CSeq: 8 OPTIONS\r\n"
    )
    assert found.request_uri.user == "user;par=u%40example.net"
    assert found.request_uri.params == {}


def test_transports_a_via_may_name_any() -> None:
    hops = [
        f"Via: SIP/2.0/{t} t.example.com;branch=z9hG4bK{t}\r\n" for t in ("UDP", "SCTP", "UNKNOWN")
    ]
    found = read(
        "OPTIONS sip:1001@example.com SIP/2.0",
        "".join(hops) + FROM + TO + CALL + "CSeq: 1 OPTIONS\r\n",
    )
    assert [hop.transport for hop in found.via] == ["UDP", "SCTP", "UNKNOWN"]


def test_mpart01_a_multipart_body_is_bytes_to_us() -> None:
    body = b"--7a\r\nContent-Type: text/plain\r\n\r\nHi\r\n--7a\r\n\r\n\x00\xff\x30\x82--7a-\r\n--"
    head = (
        REST + f"CSeq: 1 MESSAGE\r\nContent-Type: multipart/mixed;boundary=7a\r\nl: {len(body)}\r\n"
    )
    found = parse_message(message("MESSAGE sip:1001@example.com SIP/2.0", head) + body)
    assert found.body == body
    assert found.content_type == "multipart/mixed"


@pytest.mark.parametrize(
    "value",
    ["multipart/mixed", 'multipart/mixed;boundary="', "multipart/;;;", ";", "/", "multipart"],
)
def test_an_odd_multipart_content_type_crashes_nothing(value: str) -> None:
    found = read(
        "MESSAGE sip:1001@example.com SIP/2.0",
        REST + f"CSeq: 1 MESSAGE\r\nc: {value}\r\n",
        "----\r\n",
    )
    assert isinstance(found.content_type, str)


def test_unreason_and_noreason() -> None:
    head = REST + "CSeq: 1 INVITE\r\n"
    found = parse_message(message("SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять", head))
    assert isinstance(found, Response)
    assert found.reason.endswith("девять")
    found = parse_message(message("SIP/2.0 100 ", head))
    assert isinstance(found, Response)
    assert found.reason == ""


def test_badinv01_separators_without_anything_between() -> None:
    refused(
        "INVITE sip:1001@example.com SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n" + FROM + TO + CALL + "CSeq: 1 INVITE\r\n",
    )
    found = read(
        "INVITE sip:1001@example.com SIP/2.0",
        REST + 'CSeq: 1 INVITE\r\nContact: "Joe" <sip:joe@example.org>;;;;\r\n',
    )
    with pytest.raises(RemoteProtocolError):
        found.contact  # noqa: B018


def test_clerr_and_ncl_a_content_length_that_cannot_be() -> None:
    for value in ("9999", "-999"):
        error = refused(
            "INVITE sip:1001@example.com SIP/2.0",
            REST + f"CSeq: 1 INVITE\r\nl: {value}\r\n",
            "v=0\r\n",
        )
        assert answerable(error) is not None


def test_scalar02_and_scalarlg_numbers_that_are_too_large() -> None:
    big = "36893488147419103232"
    refused("REGISTER sip:example.com SIP/2.0", REST + f"CSeq: {big} REGISTER\r\n")
    found = parse_message(
        message(
            "SIP/2.0 503 No",
            REST + f"CSeq: 1 INVITE\r\nRetry-After: {big[:-1]}9\r\nExpires: {big}1\r\n",
        )
    )
    assert found.number("Retry-After") == 2**32 - 1
    with pytest.raises(RemoteProtocolError):
        found.number("Expires")


def test_quotbal_a_quote_that_never_closes() -> None:
    refused(
        "INVITE sip:1001@example.com SIP/2.0",
        VIA + FROM + CALL + 'To: "Mr. J. User <sip:j.user@example.com>\r\nCSeq: 1 INVITE\r\n',
    )


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("ltgtruri", "INVITE <sip:1001@example.com> SIP/2.0"),
        ("lwsruri", "INVITE sip:1001@example.com; lr SIP/2.0"),
        ("lwsstart", "INVITE  sip:1001@example.com  SIP/2.0"),
        ("trws", "INVITE sip:1001@example.com SIP/2.0  "),
    ],
)
def test_request_lines_out_of_shape_are_refused(name: str, line: str) -> None:
    assert refused(line, REST + "CSeq: 1 INVITE\r\n").status == 400, name


def test_escruri_headers_in_a_request_uri_are_kept_apart_and_ignored() -> None:
    found = read(
        "INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0",
        REST + "CSeq: 1 INVITE\r\n",
    )
    assert "Route" not in found.headers
    assert "route" in found.request_uri.headers


def test_baddate_a_header_that_we_do_not_read_may_be_anything() -> None:
    read(
        "INVITE sip:1001@example.com SIP/2.0",
        REST + "CSeq: 1 INVITE\r\nDate: Fri, 01 Jan 2010 16:00:00 EST\r\n",
    )


def test_regbadct_a_question_mark_in_an_address_without_brackets() -> None:
    found = read(
        "REGISTER sip:example.com SIP/2.0",
        REST
        + "CSeq: 1 REGISTER\r\nContact: sip:user@example.com?Route=%3Csip:sip.example.com%3E\r\n",
    )
    with pytest.raises(RemoteProtocolError):
        found.contact  # noqa: B018


def test_badaspec_is_refused() -> None:
    line = 'To: "Watson, Thomas" < sip:t.watson@example.org >\r\n'
    refused(
        "OPTIONS sip:1001@example.com SIP/2.0", VIA + FROM + CALL + line + "CSeq: 1 OPTIONS\r\n"
    )


def test_baddn_is_read_since_pbxs_leave_the_quotes_out() -> None:
    line = "To: Watson, Thomas <sip:t.watson@example.org>\r\n"
    found = read(
        "OPTIONS sip:1001@example.com SIP/2.0", VIA + FROM + CALL + line + "CSeq: 1 OPTIONS\r\n"
    )
    assert (found.to.display_name, found.to.uri.user) == ("Watson, Thomas", "t.watson")


def test_badvers_is_answered_505() -> None:
    error = refused("OPTIONS sip:1001@example.com SIP/7.0", REST + "CSeq: 1 OPTIONS\r\n")
    assert error.status == 505
    assert answerable(error) is not None


def test_mismatch01_and_02_the_methods_differ() -> None:
    refused("OPTIONS sip:1001@example.com SIP/2.0", REST + "CSeq: 8 INVITE\r\n")
    refused("NEWMETHOD sip:1001@example.com SIP/2.0", REST + "CSeq: 8 INVITE\r\n")


def test_bigcode_a_status_out_of_range() -> None:
    refused("SIP/2.0 4294967301 better not break", REST + "CSeq: 8 INVITE\r\n")


def test_insuf_headers_that_must_be_there_are_not() -> None:
    refused("INVITE sip:1001@example.com SIP/2.0", VIA + "CSeq: 193942 INVITE\r\n")


@pytest.mark.parametrize(
    "uri", ["nobodyknowsthisscheme:totallyopaquecontent", "soap.beep://192.0.2.1:3002"]
)
def test_unkscm_and_novelsc_another_scheme_is_for_the_core_to_judge(uri: str) -> None:
    assert read(f"OPTIONS {uri} SIP/2.0", REST + "CSeq: 1 OPTIONS\r\n").request_uri.opaque


def test_unksm2_another_scheme_in_from_and_to() -> None:
    found = read(
        "REGISTER sip:example.com SIP/2.0",
        VIA
        + CALL
        + "To: isbn:2983792873\r\nFrom: <http://www.example.com>;tag=3234233\r\n"
        + "CSeq: 1 REGISTER\r\n",
    )
    assert found.to.uri.scheme == "isbn"
    assert found.from_.tag == "3234233"


def test_multi01_values_that_may_stand_once_stand_twice() -> None:
    refused(
        "INVITE sip:1001@example.com SIP/2.0",
        REST
        + "CSeq: 5 INVITE\r\nCall-ID: other\r\nTo: <sip:x@example.com>\r\n"
        + "From: <sip:y@e.com>;tag=3\r\n",
    )


def test_mcl01_two_lengths_that_differ() -> None:
    refused(
        "OPTIONS sip:1001@example.com SIP/2.0",
        REST + "CSeq: 5 OPTIONS\r\nContent-Length: 13\r\nContent-Length: 5\r\n",
        "There's no way to know how many octets are here.",
    )


def test_inv2543_no_branch_no_tag_no_max_forwards() -> None:
    found = read(
        "INVITE sip:bob@example.com SIP/2.0",
        "Via: SIP/2.0/UDP gw.example.com\r\nFrom: <sip:+12000000001@e.example.net;user=phone>\r\n"
        "Record-Route: <sip:bob@example.com;maddr=ss1.example.com>\r\n"
        "To: sip:+12000000002@ss1.example.net;user=phone\r\nCall-ID: inv2543.1717@e.example.com\r\n"
        "CSeq: 56 INVITE\r\n",
    )
    assert found.branch is None
    assert found.from_.tag is None
    assert found.to.params == {"user": "phone"}
    assert found.to.uri.params == {}
