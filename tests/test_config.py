"""Settings: strict, in sentences, and the example as the defaults."""

from __future__ import annotations

import errno
import os
import pwd
import re
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.config.example import example
from tui.config.layers import system_file
from tui.config.paths import PathError, Paths, settle, try_to_write
from tui.config.reader import load, parse
from tui.config.schema import (
    WIRE,
    Config,
    ConfigError,
    Person,
    Policies,
    Profile,
    wire_table,
)
from tui.config.user_settings import overlay
from tui.console.theming import ThemeError, load_theme
from tui.engine.context import Limits
from tui.log import LogFile
from tui.platform.gen2.routes import Route

EXAMPLE = Path(__file__).parents[1] / "config.example.toml"


def test_the_example_is_the_defaults() -> None:
    assert load(EXAMPLE) == Config()
    assert EXAMPLE.read_text("utf-8") == example(), (
        "python -m tui.config.example > config.example.toml"
    )


def test_the_example_has_every_setting_with_its_meaning() -> None:
    table = tomllib.loads(example())
    for section in fields(Config):
        named = ("locked", "profiles", "servers", "keys", "breaks", "actions", "scripts", *WIRE)
        if section.name in named:
            continue
        settings = fields(getattr(Config(), section.name))
        assert list(table[section.name]) == [each.name for each in settings]
        assert all(each.metadata["doc"].endswith(".") for each in settings)


def test_the_profile_of_the_example_works_when_it_is_uncommented() -> None:
    text = example()
    start = text.index("# [profiles.office]")
    text = re.sub(r"(?m)^# ?", "", text[start : text.index("# platform1: which")])
    config = parse(text)
    assert config.profile("office").policies == Policies(unattended_sign_out_after=600.0)
    assert config.profiles[0] == Profile(name="office", policies=config.profiles[0].policies)


def test_the_sip_profile_of_the_example_works_when_it_is_uncommented() -> None:
    text = example()
    start = text.index("# [profiles.pbx]")
    text = re.sub(r"(?m)^# ?", "", text[start : text.index("# Keys by action")])
    profile = parse(text).profile_for("sip", un="1001@pbx.example.com")
    assert (profile.name, profile.auto_answer) == ("pbx", "never")
    assert profile.people == (Person("Wang Fang", "1007", "After-sales"),)
    (queue,) = profile.queues
    assert (queue.name, queue.pause, queue.unpause) == ("Support", "*46", "*47")
    assert queue.pauses == {"lunch": "*461", "write-up": "*464"}


def test_breaks_actions_and_scripts_of_the_example_work_when_they_are_uncommented() -> None:
    text = example()
    start = text.index("# [breaks.lunch]")
    text = re.sub(r"(?m)^# ?", "", text[start : text.index("# What nobody has published")])
    config = parse(re.sub(r"(?m)^(Actions|What to say) .*$", "", text))
    lunch, coffee = config.breaks
    assert (lunch.name, lunch.title, lunch.minutes, lunch.code) == ("lunch", "Lunch", 45.0, "LUNCH")
    assert (coffee.words, coffee.minutes) == ("coffee", 10.0)
    crm, ticket = config.actions
    assert (crm.key, crm.when, crm.url[:8]) == ("Alt+K", "call", "https://")
    assert ticket.command[-1] == "{header:X-Case}"
    assert config.scripts == {"Sales": "sales.md", "*": "greeting.md"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[breaks]\nlunch = 45\n", "line 2: [breaks.lunch] is a section"),
        ("[breaks.lunch]\nminuts = 4\n", "no setting 'minuts' in [breaks.lunch]"),
        ("[breaks.lunch]\nminutes = -1\n", "minutes must be"),
        ('[actions.crm]\ntitle = "x"\n', "[actions.crm] wants one of the two"),
        ('[actions.crm]\nurl = "x:y"\ncommand = ["a"]\n', "[actions.crm] wants one of the two"),
        ('[actions.crm]\nurl = "x:y"\nwhen = "now"\n', "when must be"),
        ("[scripts]\nSales = 1\n", "Sales must be"),
    ],
)
def test_a_mistake_in_breaks_actions_and_scripts_is_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert sentence in str(caught.value)


def test_a_sign_in_finds_its_profile_by_name_by_account_or_as_the_only_one_of_its_kind() -> None:
    config = Config(
        profiles=(Profile("a", "sip", un="1@x"), Profile("b", "sip", un="2@x"), Profile("c"))
    )
    assert config.profile_for("sip", "b").name == "b"
    assert config.profile_for("sip", un="2@x").name == "b"
    assert config.profile_for("platform2").name == "c"
    assert config.profile_for("sip") == Profile(kind="sip")  # two: neither is meant
    assert config.profile_for("sip", "gone") == Profile(kind="sip")


def test_a_file_that_the_config_names_is_found_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[profiles.a]\npeople_file = "people.csv"\n[profiles.b]\n')
    first, second = load(file).profiles
    assert (first.people_file, second.people_file) == (str(tmp_path / "people.csv"), "")


@pytest.mark.parametrize(
    ("people", "sentence"),
    [
        ("people = 3", "people is a list of sections: [[profiles.x.people]]"),
        ('[[profiles.x.people]]\nname = "A"', "has a name and a number"),
        ('[[profiles.x.people]]\nname = "A"\nnumber = 7', "number must be text in quotes"),
        ('[[profiles.x.people]]\nnom = "A"', "there is no setting 'nom' in [[profiles.x.people]]"),
    ],
)
def test_a_directory_that_is_not_understood_is_a_sentence(people: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        parse(f'[profiles.x]\nkind = "sip"\n{people}')


_QUEUE = '[[profiles.x.queues]]\nname = "Support"\n'
_PAUSE = 'pause = "*46"\nunpause = "*47"\npaused_hint = "p"\n'


@pytest.mark.parametrize(
    ("queues", "sentence"),
    [
        ("queues = 3", "queues is a list of sections, 16 at most: [[profiles.x.queues]]"),
        (17 * (_QUEUE + _PAUSE), "16 at most"),
        (_QUEUE, "each of [[profiles.x.queues]] has a name, log_in and log_out with in_hint, or"),
        (_QUEUE + 'pause = "*46"', "and unpause with paused_hint"),
        (_QUEUE + _PAUSE + 'log_in = "*45"', "log_in and log_out with in_hint"),
        ("[[profiles.x.queues]]\n" + _PAUSE, "has a name"),
        (_QUEUE + 'pause = "a b"', "line 5: pause cannot be"),
        (_QUEUE + _PAUSE + "pauses = 3", "pauses names what is dialled for a break"),
        (_QUEUE + _PAUSE + 'pauses = { lunch = "" }', "line 8: pauses names"),
        (_QUEUE + "nom = 1", "there is no setting 'nom' in [profiles.x.queues]"),
    ],
)
def test_queues_that_are_not_understood_are_a_sentence(queues: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(f'[profiles.x]\nkind = "sip"\n{queues}')
    assert sentence in "\n".join(map(str, (caught.value, *caught.value.others)))


def test_the_queues_of_a_profile_come_in_their_order() -> None:
    more = 'log_in = "in"\nlog_out = "out"\nin_hint = "h"\npauses = { lunch = "*461" }\n'
    text = f"[profiles.x]\n{_QUEUE}{_PAUSE}{more}{_QUEUE.replace('Support', 'Sales')}{_PAUSE}"
    support, sales = parse(text).profile("x").queues
    assert (support.name, support.log_in, dict(support.pauses)) == (
        "Support",
        "in",
        {"lunch": "*461"},
    )
    assert (sales.name, sales.log_in, dict(sales.pauses)) == ("Sales", "", {})


def test_every_queue_that_the_documentation_shows_is_one() -> None:
    text = (Path(__file__).parents[1] / "docs" / "queues.md").read_text()
    shown: list[str] = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    queues = [parse(block).profile("pbx").queues for block in shown if "queues]]" in block]
    assert [len(each) for each in queues] == [1, 1, 1]
    codes = next(block for block in shown if block.startswith("listen"))
    assert parse(f"[profiles.pbx]\n{codes}").profile("pbx").whisper == "*34{number}"


@pytest.mark.parametrize("section", WIRE)
def test_every_name_of_a_table_of_the_wire_is_a_setting_and_stands_in_the_example(
    section: str,
) -> None:
    table = wire_table(section)
    for each in fields(table):
        value = getattr(table, each.name)
        text = f"{value.method} {value.path}" if isinstance(value, Route) else value
        said = getattr(parse(f"[{section}]\n{each.name} = '{text}'"), section)
        assert said == {each.name: text}
        assert table.overridden(said) == table
        assert re.search(rf"\b{each.name}\b", example())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '[messages]\nquery = "100"',
            "config.toml, line 2: query cannot be '100': that is the code of offer.",
        ),
        (
            '[messages]\noffer = "1"',
            "config.toml, line 2: offer cannot be '1': that is the code of idle.",
        ),
        ('[messages]\nroot = "a b<"', "line 2: root must be names of XML"),
        ('[messages]\nquerry = "70"', "line 2: there is no setting 'querry' in [messages]."),
        ('[routes]\nsign_in = "user/token"', 'line 2: sign_in must read like "GET path"'),
        ('[routes]\nsip_username = "{name}"', "line 2: sip_username has a place that is not"),
        ('[routes]\nproof = "magic"', "line 2: proof must be one of signature, password, md5"),
        ('[routes]\ntoken = "X-Token"', 'must read like "Authorization: Bearer {token}", not'),
        ('[routes]\nheader_nonce = "a b"', "header_nonce must be the name of a header, not 'a b'"),
        ('[routes1]\ngroups = "https://x/y"', "groups must be a path on the server"),
        ('[routes1]\nweb = "https://{host}"', "web has a place that is not filled"),
        ('[fields]\ntoken = "a..b"', "line 2: token must be names joined by dots"),
        ('[fields1]\nsuccess = ""', "line 2: success must be names joined by dots"),
        ('[platform]\npbx = ["PBX"]', "pbx cannot be"),
        ('[platform]\ncontent_types = ["xml"]', "content_types cannot be"),
    ],
)
def test_a_mistake_about_the_wire_is_a_sentence_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        parse(text)


def test_the_defaults_are_the_engines_own() -> None:
    limits, policies = Limits(), Policies()
    assert policies.dial_reply == limits.dial_reply
    assert policies.status_reply == limits.status
    assert policies.unattended_busy_after == limits.unattended_busy
    assert policies.unattended_sign_out_after == limits.unattended_end


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    assert load(None) == load(tmp_path / "none.toml") == parse("") == Config()


def test_what_a_config_says_is_set() -> None:
    config = parse(
        """
        [profiles.office]
        backend = "https://pbx.example"
        switchnumber = "02500001234"
        un = "0101"
        callintype = 5
        number = "8001"
        [profiles.office.policies]
        unattended_busy = false
        [profiles."night shift"]
        [policies]
        dial_reply = 20
        [audio]
        input = "file:hello.wav"
        ice_servers = ["stun:pbx.example:3478"]
        [routes]
        user = "GET api/user"
        [messages]
        threeway = "410"
        """
    )
    assert config.policies.dial_reply == 20.0
    assert config.audio.ice_servers == ("stun:pbx.example:3478",)
    assert config.routes == {"user": "GET api/user"}
    assert config.messages == {"threeway": "410"}
    office, night = config.profiles
    assert (office.name, office.un, office.callintype) == ("office", "0101", 5)
    assert night == Profile(name="night shift")
    assert config.with_profile("office").policies == Policies(
        unattended_busy=False, dial_reply=20.0
    )
    assert config.with_profile("night shift") == config
    with pytest.raises(ConfigError, match=r"no profile 'ofice'\. Did you mean 'office'\?"):
        config.profile("ofice")
    with pytest.raises(ConfigError, match=r"no profile 'x'\.$"):
        Config().profile("x")


def test_a_profile_of_generation_1_has_its_gateway_and_its_servers() -> None:
    config = parse(
        """
        [profiles.one]
        kind = "platform1"
        gateway = "wss://cc.example:9060"
        directory = "https://cc.example/find?n={switchnumber}"
        seed = "00112233445566778899aabbccddeeff"
        [servers]
        025 = "cc.example"
        "02500001234" = "cc.example:1048"
        [routes1]
        groups = "Talk/Api/groups"
        """
    )
    one = config.profile("one")
    assert (one.kind, one.gateway) == ("platform1", "wss://cc.example:9060")
    assert config.servers == {"025": "cc.example", "02500001234": "cc.example:1048"}
    assert config.routes1 == {"groups": "Talk/Api/groups"}
    assert "00112233" not in repr(config)


@pytest.mark.parametrize("value", ['"0011223344"', "1122334455", '["1122334455"]'])
def test_a_seed_that_is_wrong_is_not_quoted(value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(f"[profiles.one]\nseed = {value}")
    assert "seed" in str(caught.value)
    assert "2233" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[audo]", "line 1: there is no section or setting 'audo'. Did you mean 'audio'?"),
        ("x = 1", "line 1: there is no section or setting 'x'. There are: profiles, policies,"),
        ("\n[audio]\nvolum = 3", "line 3: there is no setting 'volum' in [audio]. Did you mean"),
        ("[audio]\nvolume = 201", "line 2: volume must be from 0 to 200, not 201."),
        ('[audio]\nvolume = "1"', 'line 2: volume must be a whole number, not "1".'),
        ("[audio]\nvolume = true", "line 2: volume must be a whole number, not true."),
        ("[audio]\nvolume = 1.0", "line 2: volume must be a whole number, not 1.0."),
        ("[audio]\nring = 1", "line 2: ring must be true or false, not 1."),
        ("[audio]\nice_servers = [1]", "line 2: ice_servers must be a list of texts, not [1]."),
        ("[audio]\ninput = {a = 1}", "line 2: input must be text in quotes, not a section."),
        ("[policies]\ndial_reply = nan", "line 2: dial_reply must be from 1 to 120, not nan."),
        ("[policies]\ndial_reply = inf", "line 2: dial_reply must be from 1 to 120, not inf."),
        ("audio = 5", "line 1: [audio] is a section, not a value."),
        ("profiles = 5", "line 1: a sign-in has a name of its own: [profiles.NAME] stands above"),
        ("profiles.x = 5", "line 1: a sign-in has a name of its own"),
        ('[profiles]\nun = "1001"', "line 1: a sign-in has a name of its own"),
        ('[[profiles]]\nun = "1001"', "line 1: a sign-in has a name of its own"),
        ('theme = "x"', "line 1: theme is a setting of [ui]; write that line above it."),
        ("[UI]\ncalm = true", "line 1: there is no section or setting 'UI'. Did you mean 'ui'?"),
        ("[audio]\nVolume = 3", "line 2: there is no setting 'Volume' in [audio]. Did you mean"),
        ('[wrapup]\noutcomes = ["Done", " "]', 'line 2: outcomes cannot be " "'),
        ("[profiles.x]\npolicies = 5", "line 2: policies is a section, not a value."),
        ('[profiles.x]\nname = "y"', "line 2: a profile is named by its section"),
        ("[profiles.x]\ncallintype = 3", "line 2: callintype must be one of 2, 4, 5, not 3."),
        (
            '[profiles.x]\nkind = "3"',
            'line 2: kind must be one of "platform2", "platform1", "sip", not "3".',
        ),
        ('[profiles.x]\nback = "3"', "line 2: there is no setting 'back' in [profiles.x]. Did you"),
        ('[routes]\nusr = "x"', "line 2: there is no setting 'usr' in [routes]. Did you mean 'use"),
        ("[routes]\nuser = 5", "line 2: user must be text in quotes, not 5."),
        ("[messages]\nquery = 22", "line 2: query must be text in quotes, not 22."),
        (
            '[ui]\nlanguage = "fr"',
            'line 2: language cannot be "fr": The language of the screen, "en"',
        ),
        ("[ui]\ntheme = 2026-01-01", "line 2: theme must be text in quotes, not 2026-01-01."),
        ("ui.theme = 5", "line 1: theme must be text in quotes, not 5."),
        ('[audio]\ninput = "usb"', 'line 2: input cannot be "usb": The microphone:'),
        ('[audio]\noutput = "tone:440"', 'line 2: output cannot be "tone:440": What you hear'),
        ('[audio]\nice_servers = ["x"]', 'line 2: ice_servers cannot be "x": STUN and TURN'),
        ('[quality]\npublish = "x"', 'line 2: publish cannot be "x": A collector that gets'),
        ('[profiles.x]\nun = "１"', 'line 2: un cannot be "１": The extension: digits'),
        (
            '[profiles.x]\ngateway = "cc.example"',
            'line 2: gateway cannot be "cc.example": platform1',
        ),
        ("[servers]\nx = 1", "line 2: 'x' in [servers] is no switch number"),
        ("[servers]\n025 = 1", "line 2: 025 must be a server's name in quotes, not 1."),
        ('[servers]\n025 = " "', "line 2: 025 must be a server's name in quotes"),
        ('\n[lookup]\ncsv = "a\\u0000b"', "line 3: csv holds a character that no setting can have"),
        (
            '[tls]\nca_file = "\\u001b[2J"',
            "ca_file holds a character that no setting can have (U+001B)",
        ),
        ('[pop]\nringing = ["x", "\\u007f"]', "line 2: ringing holds a character"),
        ('[scripts]\nany = "a\\u0000"', "line 2: any holds a character"),
        ('[profiles.x]\nnotes = {a = ["\\u0000"]}', "a holds a character"),
        ("[ui", "line 1: the ] of the section is missing."),
        ("[ui]\ncalm = true\n[ui]", "line 3: this stands there a second time; put both together."),
        ("[ui]\ncalm = true\ncalm = true", "line 3: this stands there a second time"),
        ("[ui]\ntheme = dark", "line 2: what stands behind = is no value. Text is in quotes"),
        ("[ui]\ntheme: 'dark'", "line 2: a line is [section], or name = value, or # and a remark."),
        ("[profiles.x]\nun = 0101", "line 2: something stands behind the value. Text is in quotes"),
        ("[pop]\nringing = ['a', 'b'\n[ui]", "line 3: a list has no end, or a comma in it"),
        ("[ui]\ntheme = 'dark\n", "line 2: a text has no end: its second quote is missing."),
        ("[ui]\ntheme = 'dark", "line 2: a text has no end"),
        ('[ui]\ntheme = \'dark\nlanguage = "zh"\n[audio]\n', "line 2: a text has no end"),
        ('[tls]\nca_file = "C:\\Users\\me"', 'line 2: in "…" a backslash is written twice'),
        ('[tls]\nca_file = "C:\\certs"', 'line 2: in "…" a backslash is written twice'),
        ("[ui]\ntheme = “dark”", "line 2: “ (U+201C) has no meaning there."),
        ("[ui]\n\u00a0calm = true", "line 2: U+00A0 has no meaning there."),
        ("［ui］", "line 1: ［ (U+FF3B) has no meaning there."),
        ("[profiles.办公室]", "line 1: a name with 办 in it stands in quotes."),
        ("# a\x0cpage", "line 1: U+000C has no meaning there."),
        ("a = {b = 1", "line 1: the closing brace is missing"),
        ("# one\u2028line\u0085\n[ui]\ncalm = 3", "line 3: calm must be true or false"),
        ("a = " + "[" * 5000, "is nested too deeply."),
    ],
)
def test_what_is_not_understood_is_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "config.toml")
    assert str(caught.value).startswith("config.toml")
    assert sentence in str(caught.value)
    assert str(caught.value).endswith((".", "?"))


@pytest.mark.parametrize(
    "text",
    [
        'password = "hush"',
        '[profiles.x]\npwd = "hush"',
        '[profiles.x]\nPassword = "hush"',
        '[profiles.x.policies]\nsecret = "hush"',
        '[profiles.x]\nun = [{ passwd = "hush" }]',
        '[routes]\npassphrase = "hush"',
    ],
)
def test_a_password_in_the_config_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigError, match="a password does not belong into the config") as caught:
        parse(text)
    assert "hush" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)
    bad = tmp_path / "config.toml"
    bad.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"config\.toml, line 1: this is not UTF-8 text\."):
        load(bad)


@given(st.text(max_size=80))
def test_any_text_is_a_config_or_a_config_error(text: str) -> None:
    try:
        parse(text)
    except ConfigError:
        return


# ---------------------------------------------------------------- where files live


def test_the_directories_are_those_of_xdg(tmp_path: Path) -> None:
    given = {
        "HOME": "/home/li",
        "XDG_RUNTIME_DIR": str(tmp_path),
        "XDG_STATE_HOME": "/var/state",
        "XDG_DATA_HOME": "relative/counts/not",
    }
    paths = Paths.find(given)
    assert paths.runtime == tmp_path / "yimi"
    assert paths.state == Path("/var/state/yimi")
    assert paths.config_file == Path("/home/li/.config/yimi/config.toml")
    assert paths.data == Path("/home/li/.local/share/yimi")
    assert paths.log_file.parent == paths.state
    assert paths.themes.parent == paths.config


def test_a_home_that_is_no_path_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    known = Path(pwd.getpwuid(os.geteuid()).pw_dir)
    for home in ("", "here", "~"):
        assert Paths.find({"HOME": home}).config == known / ".config" / "yimi"


def test_who_has_no_home_leaves_nothing_where_yimi_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(_uid: int) -> pwd.struct_passwd:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)  # as in a container, of a user with a number only
    monkeypatch.chdir(tmp_path)
    assert tmp_path not in Paths.find({}).state.parents


def test_what_names_a_directory_from_here_names_it_for_the_engine_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YIMI_STATE_DIR", "kept")
    monkeypatch.setenv("YIMI_SYSTEM_CONFIG", "ours.toml")
    settle()
    monkeypatch.chdir("/")
    assert Paths.find().state == tmp_path / "kept"
    assert system_file() == tmp_path / "ours.toml"


def test_a_link_that_leads_nowhere_is_no_missing_config(tmp_path: Path) -> None:
    for name in ("config.toml", "settings.toml"):
        (tmp_path / name).symlink_to(tmp_path / "away" / name)
    with pytest.raises(ConfigError, match="which is not there"):
        load(tmp_path / "config.toml")
    _, (wrong,) = overlay(Config(), tmp_path / "settings.toml")
    assert "which is not there" in str(wrong)


def test_a_home_that_is_no_directory_has_no_config_and_a_file_in_its_place_is_said(
    tmp_path: Path,
) -> None:
    assert load(Path("/dev/null/.config/yimi/config.toml")) == Config()
    (tmp_path / "yimi").touch()
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "yimi" / "config.toml")


def test_a_file_that_somebody_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no file"):
        load(tmp_path / "none.toml", wanted=True)
    assert load(Path(os.devnull), wanted=True) == Config()


def test_a_variable_of_our_own_comes_first(tmp_path: Path) -> None:
    names = ("CONFIG", "STATE", "RUNTIME", "DATA")
    paths = Paths.find({f"YIMI_{name}_DIR": str(tmp_path / name) for name in names})
    assert [paths.config, paths.state, paths.runtime, paths.data] == [tmp_path / n for n in names]


def test_without_a_runtime_directory_there_is_one_of_the_user(tmp_path: Path) -> None:
    for runtime in ("", "relative", str(tmp_path / "gone")):
        found = Paths.find({"HOME": "/home/li", "XDG_RUNTIME_DIR": runtime}).runtime
        assert found.name == f"yimi-{os.geteuid()}"
        assert found.is_absolute()


def _paths(root: Path) -> Paths:
    return Paths(root / "config", root / "state", root / "run", root / "data")


def test_prepared_directories_are_closed_to_others(tmp_path: Path) -> None:
    paths = _paths(tmp_path).prepare()
    assert paths.runtime.stat().st_mode & 0o777 == 0o700
    assert paths.state.stat().st_mode & 0o777 == 0o700
    paths.runtime.chmod(0o755)
    assert paths.prepare().runtime.stat().st_mode & 0o777 == 0o700


def test_a_runtime_directory_without_room_is_a_sentence_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    try_to_write(tmp_path)
    monkeypatch.setattr(os, "write", full)  # what the kernel says of a full disk
    with pytest.raises(PathError, match=r"cannot be written: No space left .* Make room there"):
        try_to_write(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_runtime_directory_that_is_a_link_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PathError, match="not a directory of its own"):
        _paths(tmp_path).prepare()


def test_a_runtime_directory_of_another_user_is_not_used(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory away")
    (tmp_path / "run").mkdir()
    os.chown(tmp_path / "run", 12345, 12345)
    with pytest.raises(PathError, match="belongs to another user"):
        _paths(tmp_path).prepare()


def test_a_runtime_directory_that_the_session_has_of_another_user_is_passed_over(
    tmp_path: Path,
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory away")
    os.chown(tmp_path, 12345, 12345)
    found = Paths.find({"HOME": "/home/li", "XDG_RUNTIME_DIR": str(tmp_path)}).runtime
    assert found == Path(f"/tmp/yimi-{os.geteuid()}")


def test_what_cannot_be_kept_is_no_reason_not_to_start(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    assert _paths(tmp_path).prepare().runtime.is_dir()
    assert LogFile(tmp_path / "state" / "yimi.log").trouble() != ""


def test_a_file_in_the_way_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(PathError, match="cannot be made"):
        _paths(tmp_path).prepare()


def test_importing_the_config_does_not_bring_what_only_a_reader_needs() -> None:
    names = ("tomllib", "platformdirs", "difflib", "textual", "aiohttp", "asyncio", "tui.platform")
    code = f"import sys, tui.config.schema; print([n for n in {names!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte-order mark"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_a_file_is_read_whatever_an_editor_made_of_its_start_and_its_lines(
    start: bytes, end: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(start + end.join([b"[audio]", b"volume = 70", b""]))
    assert load(file).audio.volume == 70
    settings = tmp_path / "settings.toml"
    settings.write_bytes(start + end.join([b"[audio]", b"gain = 60", b""]))
    assert overlay(Config(), settings)[0].audio.gain == 60


BROKEN = {
    "a number of 5,000 digits": (b"[audio]\nvolume = " + b"9" * 5000, "line 2: a number has more"),
    "a hexadecimal one": (b"[audio]\nvolume = 0x" + b"f" * 5000, "line 2: a number has more"),
    "lists in lists": (b"\n[audio]\ninput = " + b"[" * 5000, "line 3: this is nested too deeply"),
    "tables in tables": (b"a = " + b"{a=" * 5000, "line 1: this is nested too deeply"),
    "GBK": ("[ui]\n\ntheme = '深色'".encode("gbk"), "line 3: this is not UTF-8 text."),
    "UTF-16": ("[ui]\n".encode("utf-16"), "line 1: this is not UTF-8 text."),
    "a NUL": (b"[ui]\n\0", "line 2: U+0000 has no meaning there."),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_config_at_all_is_a_sentence_with_the_line(name: str, tmp_path: Path) -> None:
    data, sentence = BROKEN[name]
    file = tmp_path / "settings.toml"
    file.write_bytes(data)
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        load(file)
    config, (wrong,) = overlay(Config(), file)
    assert config == Config()
    assert sentence in str(wrong)
    with pytest.raises(ThemeError, match=re.escape(sentence)):
        load_theme("settings", [tmp_path])


def test_a_pipe_in_place_of_the_config_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.toml")
    with pytest.raises(ConfigError, match="no file that can be read"):
        load(tmp_path / "config.toml")
