"""Who is calling: by a CSV, a vCard, a command, a web address; in time or not at all."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import web

from tests.engine.desk import CC, CUSTOMER, Desk
from tests.waiting import until
from tui import sip
from tui.config.work import LookupSettings
from tui.engine.agent.lookup import phone_book
from tui.engine.agent.lookup.lookup import Lookup
from tui.engine.agent.templates import filled, values_of
from tui.engine.context import Limits
from tui.platform import control as m

LIMIT = 20.0
"""Seconds, where a test is not about the limit: the machine may be loaded."""
SAYS = "import sys; print(sys.argv[1:])"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk(Limits())
    yield desk
    await desk.context.close()


def lookup(desk: Desk, limit: float = LIMIT, **settings: object) -> Lookup:
    return Lookup(desk.calls, LookupSettings(**settings), limit=limit)  # type: ignore[arg-type]


def book(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    return str(path)


# ---------------------------------------------------------------- books


@pytest.mark.parametrize(
    ("written", "asked", "same"),
    [
        ("120 0000 0001", "12000000001", True),
        ("+86 120 0000 0001", "12000000001", True),
        ("12000000001", "+8612000000001", True),
        ("12000000001", "012000000001", True),
        ("008612000000001", "12000000001", True),
        ("０２５-00001234", "02500001234", True),
        ("(025) 0000 1234", "+862500001234", True),
        ("+44 20 7946 0018", "00442079460018", True),
        ("1002", "1002", True),
        ("00001234", "02500001234", False),
        ("1234", "02500001234", False),
        ("+44 20 7946 0018", "02079460018", False),
        ("12000000001", "12000000002", False),
        ("no number", "12000000001", False),
    ],
)
def test_numbers_are_the_same_however_they_are_written(
    written: str, asked: str, same: bool
) -> None:
    found = phone_book.PhoneBook(iter([(written, "Wang Fang")]), "CN").find(asked)
    assert found == ("Wang Fang" if same else "")


async def test_a_book_that_does_not_answer_takes_no_thread_from_anybody(
    desk: Desk, tmp_path: Path
) -> None:
    path = book(tmp_path / "people.csv", "Full name,Phone\nWang Fang,12000000001\n")
    asked, answers = lookup(desk, 0.02, csv=path), threading.Event()

    class Hanging(type(tmp_path)):  # type: ignore[misc]
        """On a share of the network that does not answer."""

        def stat(self, **how: bool) -> os.stat_result:
            answers.wait()
            return os.stat(str(self), **how)

    asked._books[0].path = Hanging(path)
    try:
        for _ in range((os.cpu_count() or 1) + 5):  # more than the loop has threads for all
            assert await asked.who(CUSTOMER) == ""
        async with asyncio.timeout(LIMIT):
            assert await asyncio.to_thread(lambda: "so is a name of the network") != ""
    finally:
        answers.set()
    assert await until(lambda: asked.who(CUSTOMER)) == "Wang Fang"
    await asked.close()


async def test_a_csv_has_the_name_and_what_stands_beside_it(desk: Desk, tmp_path: Path) -> None:
    path = book(
        tmp_path / "people.csv",
        "City;Full name;Mobile phone;Phone 2\nWuxi;王芳;120 0000 0001;02500001234\n;Li;x;\n",
    )
    asked = lookup(desk, csv=path)
    assert await asked.who(CUSTOMER) == "王芳, Wuxi"
    assert await asked.who("02500001234") == "王芳, Wuxi"
    assert await asked.who("12000000009") == ""


async def test_a_vcard_has_every_number_of_a_person(desk: Desk, tmp_path: Path) -> None:
    cards = (
        "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Wang Fang\r\nORG:Acme\\, Ltd;Sal\r\n es\r\n"
        "TEL;VALUE=uri;TYPE=cell:tel:+86-120-0000-0001\r\nitem1.TEL:025 0000 1234\r\nEND:VCARD\r\n"
        "BEGIN:VCARD\r\nVERSION:2.1\r\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E6=9D=8E\r\n"
        "TEL;CELL:12000000002\r\nEND:VCARD\r\n"
    )
    asked = lookup(desk, vcard=book(tmp_path / "people.vcf", cards))
    assert await asked.who(CUSTOMER) == "Wang Fang, Acme, Ltd Sales"
    assert await asked.who("02500001234") == "Wang Fang, Acme, Ltd Sales"
    assert await asked.who("12000000002") == "李"


async def test_a_book_that_changes_is_read_again_and_one_that_is_gone_says_so_once(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "people.csv"
    asked = lookup(desk, csv=str(path))
    assert await asked.who(CUSTOMER) == ""
    assert await asked.who(CUSTOMER) == ""
    assert len([each for each in caplog.records if "cannot be looked into" in each.message]) == 1
    book(path, "number,name\n12000000001,Li\n")
    assert await asked.who(CUSTOMER) == "Li"
    book(path, "number,name\n12000000001,Wang Fang\n")
    assert await asked.who(CUSTOMER) == "Wang Fang"


async def test_a_book_without_a_head_is_no_book(desk: Desk, tmp_path: Path) -> None:
    path = book(tmp_path / "people.csv", "12000000001,Li\n")
    assert await lookup(desk, csv=path).who(CUSTOMER) == ""


# ---------------------------------------------------------------- command and address


async def test_a_command_gets_the_number_as_one_argument_and_its_first_line_counts(
    desk: Desk,
) -> None:
    asked = lookup(desk, command=(sys.executable, "-c", SAYS, "{number}", "x"))
    assert await asked.who("$(reboot)") == "['$(reboot)', 'x']"
    assert await asked.who("--help") == "['help', 'x']"


@pytest.mark.parametrize(
    "command", [(sys.executable, "-c", "print('no'); raise SystemExit(1)"), ("/nowhere/at/all",)]
)
async def test_a_command_that_fails_knows_nobody(desk: Desk, command: tuple[str, ...]) -> None:
    assert await lookup(desk, command=command).who(CUSTOMER) == ""


async def test_a_line_that_a_command_writes_in_pieces_is_read_whole(desk: Desk) -> None:
    code = (
        "import sys, time\n"
        "for piece in ('', '\\n', 'Wang', ' Fa', 'ng\\n', 'and more'):\n"
        "    sys.stdout.write(piece), sys.stdout.flush(), time.sleep(0.02)"
    )
    assert await lookup(desk, command=(sys.executable, "-c", code)).who(CUSTOMER) == "Wang Fang"


async def test_what_a_command_writes_is_cleaned(desk: Desk) -> None:
    code = r"print('\x1b[31mLi\x07\u202e Ming')"
    assert await lookup(desk, command=(sys.executable, "-c", code)).who(CUSTOMER) == "Li Ming"


@pytest.fixture
async def server() -> AsyncIterator[Callable[[str], str]]:
    """A web server on loopback that knows some numbers."""
    asked: list[str] = []

    async def who(request: web.Request) -> web.StreamResponse:
        asked.append(request.raw_path)
        match request.query["n"]:
            case "12000000001":
                return web.json_response({"name": "Wang Fang", "detail": "Acme", "age": 4})
            case "12000000002":
                return web.Response(text="Li Ming\nand more\n")
            case "12000000003":
                return web.Response(text="{broken")
            case "12000000004":
                return web.Response(status=500)
            case "12000000006":
                return web.Response(body=b'\xef\xbb\xbf{"name": "Zhao Lei", "detail": 7}')
            case "12000000007":
                return web.json_response([{"name": "Sun Li"}, {"name": "Qian"}])
            case "12000000008":
                return web.json_response([])
            case "12000000009":
                pieces = web.StreamResponse()
                await pieces.prepare(request)
                for piece in (b'{"name": "Zhou', b' Jie", "detail"', b': "Acme"}'):
                    await pieces.write(piece)
                    await asyncio.sleep(0.02)
                return pieces
            case "12000000010":
                packed = web.json_response({"name": "Wu Min", "detail": None})
                packed.enable_compression()
                return packed
            case "12000000011":
                said = "<!DOCTYPE html><title>Sign in to the network</title>"
                return web.Response(text=said, content_type="text/html")
            case "12000000012":
                return web.Response(text='{"name": "He", "id": ' + "7" * 5000 + "}")
            case _:
                return web.Response(status=404)

    app = web.Application()
    app.add_routes([web.get("/who", who)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield lambda query: f"http://127.0.0.1:{port}/who?{query}"
    await runner.cleanup()


@pytest.mark.parametrize(
    ("number", "who"),
    [
        ("12000000001", "Wang Fang, Acme"),
        ("12000000002", "Li Ming"),
        ("12000000003", ""),
        ("12000000004", ""),
        ("12000000005&n=12000000001", ""),
        ("12000000006", "Zhao Lei, 7"),
        ("12000000007", "Sun Li"),
        ("12000000008", ""),
        ("12000000009", "Zhou Jie, Acme"),
        ("12000000010", "Wu Min"),
        ("12000000011", ""),
        ("12000000012", "He"),
    ],
)
async def test_a_web_address_answers_json_or_a_line(
    desk: Desk, server: Callable[[str], str], number: str, who: str
) -> None:
    asked = lookup(desk, url=server("n={number}"))
    assert await asked.who(number) == who
    await asked.close()


# ---------------------------------------------------------------- in time


async def test_who_does_not_say_it_in_time_is_not_waited_for_and_is_ended(
    desk: Desk, tmp_path: Path
) -> None:
    started = tmp_path / "pid"
    code = f"import os, time; open({str(started)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    asked = lookup(desk, limit=0.5, command=(sys.executable, "-c", code))
    loop = asyncio.get_running_loop()
    before = loop.time()
    assert await asked.who(CUSTOMER) == ""
    assert loop.time() - before < 10
    if started.exists() and started.read_text():
        pid = int(started.read_text())
        await until(lambda: not Path(f"/proc/{pid}/cmdline").exists() or not _words(pid))


def _words(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


async def test_the_first_source_of_the_order_counts_whoever_is_faster(
    desk: Desk, tmp_path: Path
) -> None:
    path = book(tmp_path / "people.csv", "number,name\n12000000001,Li\n")
    asked = lookup(desk, csv=path, command=(sys.executable, "-c", "print('other')"))
    assert await asked.who(CUSTOMER) == "Li"
    assert await asked.who("12000000002") == "other"


async def test_it_stands_beside_the_number_of_a_call_that_rings(desk: Desk, tmp_path: Path) -> None:
    path = book(tmp_path / "people.csv", "number,name\n12000000001,Wang Fang\n")
    asked = lookup(desk, csv=path)
    desk.calls.listen(asked.call_changed)
    desk.says(m.NewCall(CC, CUSTOMER))
    await until(lambda: desk.call.known == "Wang Fang")
    assert desk.call.number == CUSTOMER


async def test_nobody_is_asked_where_nothing_is_configured(desk: Desk) -> None:
    asked = lookup(desk)
    assert not asked.wanted
    assert await asked.who(CUSTOMER) == ""


# ---------------------------------------------------------------- what came along


def test_headers_and_attributes_go_into_their_places(desk: Desk) -> None:
    desk.calls.note(CC, "header", sip.Headers([("X-Case", "A 7"), ("X-Other", "\x1b[31mred")]))
    desk.says(m.NewCall(CC, CUSTOMER, attributes=(("p", "IVR 3"), ("a", "100"))))
    values = values_of(desk.calls, desk.call)
    assert filled("{number} {header:x-case} {header:X-CASE}", values) == f"{CUSTOMER} A 7 A 7"
    assert filled("{header:X-Other}{header:X-None}", values) == "red"
    assert filled("https://crm.invalid/?case={attribute:p}", values).endswith("IVR%203")


def test_what_is_kept_of_calls_is_bounded(desk: Desk) -> None:
    for number in range(100):
        said = [(f"X-{at}", "x" * 1000) for at in range(200)]
        desk.calls.note(f"cc{number}", "header", said)
    assert len(desk.calls._said) == 32
    assert all(len(each) == 64 for each in desk.calls._said.values())


def test_the_attributes_of_an_offer_are_read_and_change_nothing_of_what_it_is() -> None:
    body = b'<cc a="100" c="C" n="12" k="-1" stamp="7"/>'
    offer = m.decode(body)
    assert offer == m.NewCall("C", "12")
    assert isinstance(offer, m.NewCall)
    assert dict(offer.attributes)["k"] == "-1"
