"""`yimi metrics` and `yimi bundle` as commands: what a collector's own parser reads, and files."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.terminal.cli.command_run import signed_in, yimi
from tui.cli.host.metrics import METRICS, escaped
from tui.port.commands import WriteBundle
from tui.port.events import CallChanged, QualityChanged
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Call
from tui.port.values import Quality


def read(text: str) -> dict[str, dict[str, float]]:
    """Each family's value by agent, as the collector's parser reads it."""
    return {
        family.name: {each.labels.get("agent", ""): each.value for each in family.samples}
        for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    }


async def test_a_collectors_parser_reads_every_family_of_every_engine(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as one, signed_in(tmp_path, "1002"):
        one.publish(CallChanged(Call("1", CallState.TALKING, False, "12000000001", 1.0, 1.0)))
        one.publish(QualityChanged(Quality(mos=4.25, rtt=40.0, loss=0.02)))
        code, output, errors = await yimi(tmp_path, "metrics")
    assert (code, errors) == (0, "")
    found = read(output)
    assert set(found) == {metric.name for metric in METRICS} | {"yimi_engines"}
    assert found["yimi_engines"] == {"": 2.0}
    assert found["yimi_calls"] == {"1001": 1.0, "1002": 0.0}
    assert found["yimi_call_mos"] == {"1001": 4.25}
    assert found["yimi_call_rtt_seconds"] == {"1001": 0.04}
    assert "12000000001" not in output


async def test_no_engine_is_no_failure(tmp_path: Path) -> None:
    code, output, _ = await yimi(tmp_path, "metrics")
    assert code == 0
    assert read(output)["yimi_engines"] == {"": 0.0}


async def test_a_file_is_put_there_whole_for_a_collector_of_another_user(tmp_path: Path) -> None:
    file = tmp_path / "yimi.prom"
    file.write_text("older")
    code, output, _ = await yimi(tmp_path, "metrics", "--output", str(file))
    assert (code, output) == (0, "")
    assert read(file.read_text())["yimi_engines"] == {"": 0.0}
    assert file.stat().st_mode & 0o777 == 0o644
    assert [each.name for each in tmp_path.iterdir() if each.suffix == ".prom"] == ["yimi.prom"]


async def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    code, _, errors = await yimi(tmp_path, "metrics", "--output", str(tmp_path / "no" / "x.prom"))
    assert code == 1
    assert "cannot be written" in errors


def test_a_label_cannot_end_its_line() -> None:
    assert escaped('a"b\\c\nd') == 'a\\"b\\\\c\\nd'


async def test_a_bundle_without_an_engine_has_log_and_settings_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "bundle.zip"
    (tmp_path / "config.toml").write_text('[profiles.a]\nun = "1001"\n')
    code, _, errors = await yimi(
        tmp_path, "--config", str(tmp_path / "config.toml"), "bundle", str(file)
    )
    assert code == 3
    assert "No engine" in errors
    with zipfile.ZipFile(file) as made:
        assert json.loads(made.read("about.json"))["bundle"] == 1
        assert "profiles" in made.read("config.toml").decode()


async def test_a_bundle_is_written_by_the_engine_that_runs(tmp_path: Path) -> None:
    file = tmp_path / "bundle.zip"
    async with signed_in(tmp_path) as engine:
        code, _, errors = await yimi(tmp_path, "bundle", str(file))
        assert code == 0, errors
        assert WriteBundle(str(file)) in engine.heard
