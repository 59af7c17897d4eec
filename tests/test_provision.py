"""Settings from the administrator's server: a real TLS server, real keys, the copy, the layers."""

from __future__ import annotations

import base64
import hashlib
import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate

from tests.certificate import certificate
from tui.cli.main import main
from tui.config.provision.fetch import FetchError, fetch
from tui.config.provision.kept_copy import NAME, last_look, read_copy
from tui.config.reader import administrators, load
from tui.config.schema import ConfigError
from tui.engine.checks import machine

SETTINGS = """\
locked = ["audio.volume"]
[provision]
serial = 7
[audio]
volume = 40
[profiles.office]
switchnumber = "02500001234"
backend = "https://cc.example.com"
"""


class Office:
    """A server with settings, and the key that signs them."""

    def __init__(self, folder: Path) -> None:
        self.key = Ed25519PrivateKey.generate()
        pem, context = certificate(folder)
        known = load_pem_x509_certificate(pem.read_bytes()).public_key()
        spki = known.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.pin = "sha256/" + base64.b64encode(hashlib.sha256(spki).digest()).decode()
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.stalls = False
        self.over = threading.Event()
        office = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                office.asked.append(self.path)
                if office.stalls:
                    office.over.wait(10)
                    return
                found = office.files.get(self.path)
                self.send_response(404 if found is None else 200)
                self.end_headers()
                self.wfile.write(found or b"")

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}/yimi.toml"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def publish(self, text: str, key: Ed25519PrivateKey | None = None) -> None:
        data = text.encode()
        self.files["/yimi.toml"] = data
        signed = (key or self.key).sign(data)
        self.files["/yimi.toml.sig"] = base64.encodebytes(signed)

    @property
    def public(self) -> str:
        raw = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return base64.b64encode(raw).decode()

    def close(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    office = Office(tmp_path)
    for name in ("CONFIG", "STATE", "RUNTIME", "DATA"):
        monkeypatch.setenv(f"YIMI_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("YIMI_SYSTEM_CONFIG", str(tmp_path / "system.toml"))
    write(tmp_path, office)
    office.publish(SETTINGS)
    yield office
    office.close()


def write(folder: Path, office: Office, pin: str = "", more: str = "") -> None:
    (folder / "system.toml").write_text(
        f'{more}[provision]\nurl = "{office.url}"\n'
        f'pin = "{pin or office.pin}"\nkey = "{office.public}"\n'
    )


def refused(folder: Path, patience: float = 10.0) -> str:
    """Why the settings did not come."""
    with pytest.raises(FetchError) as caught:
        fetch(administrators(), folder / "state", patience)
    assert last_look(folder / "state").why == caught.value.id
    return caught.value.id


def test_what_the_server_says_counts_below_the_user_s_and_locks(
    office: Office, tmp_path: Path
) -> None:
    assert fetch(administrators(), tmp_path / "state")
    config = load(None)
    assert (config.audio.volume, config.profiles[0].name) == (40, "office")
    assert config.provision.url == office.url
    assert config.provision.serial == 0, "what the fetched file says of itself counts for it alone"
    user = tmp_path / "config.toml"
    user.write_text("[audio]\nvolume = 90\n")
    with pytest.raises(ConfigError, match=r"audio\.volume is locked"):
        load(user)


@pytest.mark.parametrize("text", [SETTINGS, SETTINGS.replace("\n", "\r\n"), "\ufeff" + SETTINGS])
def test_the_same_settings_are_no_news(office: Office, tmp_path: Path, text: str) -> None:
    office.publish(text)
    assert fetch(administrators(), tmp_path / "state")
    assert not fetch(administrators(), tmp_path / "state")


def test_a_server_with_another_key_is_asked_for_nothing(office: Office, tmp_path: Path) -> None:
    write(tmp_path, office, pin="sha256/" + base64.b64encode(bytes(32)).decode())
    assert refused(tmp_path) == "provision.other_key"
    assert office.asked == []


def test_what_somebody_else_signed_is_thrown_away(office: Office, tmp_path: Path) -> None:
    fetch(administrators(), tmp_path / "state")
    office.publish(SETTINGS.replace("40", "41"), Ed25519PrivateKey.generate())
    assert refused(tmp_path) == "provision.not_signed"
    assert load(None).audio.volume == 40


def test_older_settings_do_not_take_the_place_of_newer_ones(office: Office, tmp_path: Path) -> None:
    fetch(administrators(), tmp_path / "state")
    office.publish(SETTINGS.replace("serial = 7", "serial = 6"))
    assert refused(tmp_path) == "provision.older"
    office.publish(SETTINGS.replace("serial = 7", "serial = 8").replace("40", "30"))
    assert fetch(administrators(), tmp_path / "state")
    assert load(None).audio.volume == 30


@pytest.mark.parametrize(
    "text", ["[audio]\nvolume = 4000\n", "[no", "[provision]\nserial = true\n", "\xff"], ids=repr
)
def test_signed_settings_that_cannot_be_used_are_not_kept(
    office: Office, tmp_path: Path, text: str
) -> None:
    office.publish(text)
    assert refused(tmp_path) == "provision.not_settings"
    assert read_copy(administrators().provision, tmp_path / "state") is None


def test_what_the_administrator_s_own_file_locks_the_server_cannot_say_otherwise(
    office: Office, tmp_path: Path
) -> None:
    write(tmp_path, office, more='locked = ["audio.volume"]\n')
    assert refused(tmp_path) == "provision.not_settings"


def test_a_copy_that_somebody_changed_is_refused_until_it_is_fetched_again(
    office: Office, tmp_path: Path
) -> None:
    fetch(administrators(), tmp_path / "state")
    copy = tmp_path / "state" / NAME
    copy.write_text(copy.read_text().replace("40", "99"))
    with pytest.raises(ConfigError, match="do not carry the administrator's signature"):
        load(None)
    assert fetch(administrators(), tmp_path / "state")
    assert load(None).audio.volume == 40


def test_a_server_that_is_gone_leaves_the_copy(office: Office, tmp_path: Path) -> None:
    fetch(administrators(), tmp_path / "state")
    office.close()
    assert refused(tmp_path) == "provision.unreachable"
    assert load(None).audio.volume == 40


def test_one_that_says_no_or_stalls_is_left_within_the_time(office: Office, tmp_path: Path) -> None:
    office.files.clear()
    assert refused(tmp_path) == "provision.status"
    office.stalls = True
    assert refused(tmp_path, 0.3) == "provision.timeout"


def test_much_too_long_settings_are_not_read_to_their_end(office: Office, tmp_path: Path) -> None:
    office.files["/yimi.toml"] = b"#" * 1_000_000
    assert refused(tmp_path) == "provision.too_long"


def test_only_the_administrator_says_where_settings_come_from(
    office: Office, tmp_path: Path
) -> None:
    user = tmp_path / "config.toml"
    user.write_text('[provision]\nurl = "https://elsewhere.example.com/x"\n')
    with pytest.raises(ConfigError, match="says where settings come from"):
        load(user)


def test_the_command_says_what_came_of_it(
    office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["provision"]) == 0
    assert "New settings of your administrator" in capsys.readouterr().out
    office.publish(SETTINGS, Ed25519PrivateKey.generate())
    assert main(["provision"]) == 1
    assert "do not carry the administrator's signature" in capsys.readouterr().err
    (tmp_path / "system.toml").write_text("")
    assert main(["provision"]) == 2
    assert "names no server" in capsys.readouterr().err


def test_the_check_before_the_shift_says_when_they_came_and_what_is_wrong(
    office: Office, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    assert machine.settings(last_look(state), time.time()).message.id == "provision.never"
    fetch(administrators(), state)
    assert machine.settings(last_look(state), time.time()).state == "ok"
    office.close()
    refused(tmp_path)
    finding = machine.settings(last_look(state), time.time())
    assert (finding.state, finding.message.id) == ("warn", "provision.unreachable")
