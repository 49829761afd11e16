"""Files whose values are read and then computed with: `contain …` and `drill submit` end in no bug of ours either."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import pytest
from cli.test_hostile import EXAMPLES, Door, file_cases, opened, told
from gateway_bench import KEYS, Bench, account
from yard.small_programme import SUBMISSION, build_programme

from drillyard.containment.adversaries.years import example_year
from drillyard.drills import load_drill
from drillyard.programs.grading import check_upload
from drillyard.programs.submission import read_file

ORACLE = EXAMPLES / "oracle"


def doors(folder: Path) -> list[Door]:
    """Return name of file, valid content, and the command that computes with it."""
    programme = build_programme(folder / "prog")
    one = programme.instance("hunt-1")
    drill = load_drill(one.drill, one.world)

    def line(*words: str) -> Callable[[Path], list[str] | click.Command]:
        return lambda path: ["contain", *(str(path) if word == "FILE" else word for word in words)]

    def example(name: str) -> bytes:
        return (ORACLE / name).read_bytes()

    forecast = example("forecast.yaml").replace(b"bank-run", f"{ORACLE}/bank-run".encode())
    policy = str(ORACLE / "gateway.yaml")
    bench = Bench(folder)
    bench.released()
    bench.close()
    verify = ("gateway", "verify", str(folder), "--anchors", str(folder / "anchors.jsonl"))
    enrol = line("gateway", "keys", str(folder / "keys"), "--enrol", "FILE")  # others are missing: it ends in a line
    year = example_year()
    week = year.model_copy(update={"questions": year.questions[:6]})
    return [
        ("channel.yaml", example("channel.yaml"), line("channel", "FILE")),
        ("forecast.yaml", forecast, line("forecast", "FILE", "--questions", "5")),
        ("game.yaml", example("game.yaml"), line("game", "FILE")),
        ("horizon.yaml", example("horizon.yaml"), line("horizon", "FILE", "--draws", "100")),
        ("diagrams.yaml", example("incentives.yaml"), line("incentives", "FILE")),
        ("system.yaml", example("system.yaml"), line("plan", "FILE", "--draws", "100")),
        ("gateway.yaml", example("gateway.yaml"), line("trial", "FILE")),
        ("case.json", week.to_json().encode(), line("trial", policy, "FILE")),
        ("keyring.json", KEYS.to_json().encode(), line(*verify, "--keys", "FILE")),
        ("anchors.jsonl", (folder / "anchors.jsonl").read_bytes(), line(*verify[:4], "FILE")),
        ("bea.public.json", account("bea").to_json().encode(), enrol),
        ("claims.json", SUBMISSION.to_json().encode(),
         opened(lambda path: check_upload(programme, one, read_file(path, drill, one)))),
    ]  # fmt: skip


def test_a_few_hostile_values_are_computed_with_or_told_in_one_line(tmp_path: Path) -> None:
    """The first 12 of the cases below, one for each command."""
    assert list(file_cases(tmp_path, range(12), doors(tmp_path))) == []


@pytest.mark.walk
def test_every_command_takes_its_valid_file(tmp_path: Path) -> None:
    """The other side: what is mutated below works as it stands."""
    for name, valid, door in doors(tmp_path):
        place = tmp_path / "valid" / name
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(valid)
        code, said = told(door(place))
        assert code in (0, 1) or "expected 1 or more" in said, (name, said)


@pytest.mark.walk
def test_hostile_values_never_end_in_a_bug(tmp_path: Path) -> None:
    """360 files: what can be read at all is computed with."""
    assert list(file_cases(tmp_path, range(12, 372), doors(tmp_path))) == []
