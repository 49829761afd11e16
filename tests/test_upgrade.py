"""What release 0.1 left opens today, or is one line: run folders, stores and organisms that its own code made.

`release_0_1.tar.xz` was written by the code of commit 86eea2d9, the last before tasks and the release of 0.2, each part
by its command (`drillyard audit … -o audit`, `create programme --learners 1` and so on). The yard's stores have a test
of their own (`registrar/test_schema.py`). The organism that was written whole lacks its weights: they are today's.
"""

from __future__ import annotations

import json
import re
import tarfile
from pathlib import Path

import pytest

from drillyard.alignment.weighing.report import AlignReport
from drillyard.audits.forecast import Forecast
from drillyard.audits.hunt.validation import ValidationSpec, validate
from drillyard.cli.app import main
from drillyard.containment.gateway.clock import GuardedClock
from drillyard.containment.gateway.databases import sqlite_url
from drillyard.containment.gateway.gateway import Gateway
from drillyard.containment.gateway.keys import read_key, read_keyring
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.store import LedgerStore
from drillyard.containment.gateway.verify import verify_database
from drillyard.guards.guard import open_guard
from drillyard.organisms.engine.organism import OrganismFile, load_organism, save
from drillyard.records.files import read_record

MADE = Path(__file__).with_name("release_0_1.tar.xz")
RELEASED = 1_800_000_100.0  # seconds since 1970, by the clock of the gateway that was made
OPENS = {
    "audit": (["audit", "report", "audit"], "audit/report.html"),
    "case": (["case", "check", "case"], "case"),
    "incident, sealed": (["incident", "verify", "incident"], "as they were sealed"),
    "incident, sliced": (["incident", "slice", "incident", "--shuffles", "20"], "incident"),
    "logs of an incident": (["incident", "open", "incident-logs/logs", "-o", "opened"], "opened"),
    "gateway": (["contain", "gateway", "verify", "gateway", "--keys", "gateway/keyring.json"], "whole"),
    "programme": (["drill", "list", "programme"], "failure-hunt"),
}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder that release 0.1 left, and stand in it."""
    with tarfile.open(MADE) as archive:
        archive.extractall(tmp_path, filter="data")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("what", OPENS)
def test_a_command_goes_on_from_what_was_left(what: str, made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It finds what was found then; it ends as a command that read all of it does."""
    words, said = OPENS[what]
    assert main(words) in (0, 1)
    told = capsys.readouterr()
    assert said in told.out and "error:" not in told.err, told


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("audit/report.json", ["audit", "report", "audit"]),
        ("incident/seal.json", ["incident", "verify", "incident"]),
        ("align/spec.json", ["align", "organism/./organism/light", "--technique", "prompt", "-o", "align"]),
        ("programme/instances/failure-hunt-5h4w-9kse-xar7/instance.json", ["drill", "list", "programme"]),
    ],
)
def test_a_later_releases_file_is_one_line(
    file: str, words: list[str], made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its version is higher than any that is known here: it is named, with what to do, and nothing is written."""
    text = (made / file).read_text(encoding="utf-8")
    later = re.sub(r'"version": \d+', '"version": 99', text, count=1)
    (made / file).write_text(later, encoding="utf-8")
    assert main(words) == 2
    told = capsys.readouterr().err.strip()
    assert told.startswith("error: ") and "\n" not in told and "99" in told
    assert (made / file).read_text(encoding="utf-8") == later


def test_finished_runs_are_read_whole(made: Path) -> None:
    """A comparison, a forecast and a guard, each with what it found."""
    compared = read_record(made / "align" / "align.json", AlignReport)
    assert compared.techniques == ("identity", "prompt")
    assert read_record(made / "forecast" / "forecast.json", Forecast).queries == 60
    assert open_guard(made / "guard").score("Buy now, before it is too late!").score >= 0


def test_a_panel_goes_on(made: Path) -> None:
    """Its two members are taken over, each into a file of its own, and none is audited again."""
    spec = read_record(made / "panel" / "spec.json", ValidationSpec)
    before = [json.loads(line) for line in (made / "panel" / "members.jsonl").read_text(encoding="utf-8").splitlines()]
    told: list[str] = []
    table = validate(spec, made / "panel", lambda words, *_: told.append(words))
    assert [one.to_data() for one in table.members] == before and len(before) == spec.organisms == 2
    assert not (made / "panel" / "tasks").exists()  # no journal: nothing was run


def test_a_ledger_goes_on(made: Path) -> None:
    """It is whole with all signatures and anchors; its answer is still let out, and new questions are admitted."""
    folder, url = made / "gateway", sqlite_url(made / "gateway")
    keyring = read_keyring(folder / "keyring.json")
    report = verify_database(url, folder / "anchors.jsonl", [keyring])
    assert report.whole and (report.admitted, report.released) == (2, 1)
    policy = GatewayPolicy.from_json((folder / "policy.json").read_text(encoding="utf-8"))
    clock = GuardedClock(1.0, lambda: RELEASED, lambda: RELEASED)
    store = LedgerStore(url, read_key(folder / "ledger.json"))
    gateway = Gateway(
        policy, keyring, lambda: lambda *_: "no", store, clock, operator=read_key(folder / "operator-cy.json")
    )
    released = next(one for one in store.seen().questions.values() if one.status == "released")
    ann = next(one for one in keyring.accounts if one.id == "ann")
    assert gateway.fetch(ann, released.id).answer == released.answer == "yes"
    store.close()
    assert verify_database(url, folder / "anchors.jsonl", [keyring]).whole


def test_organisms_have_the_weights_that_they_had(made: Path) -> None:
    """A light one opens over today's base, and the whole one beside it with its weights as they are written today."""
    light, whole = made / "organism" / "light", made / "organism" / "whole"
    described = read_record(whole / "organism.json", OrganismFile)
    opened = load_organism(str(light))
    save(opened, made / "today", complete=True)
    (made / "today" / "model.safetensors").rename(whole / "model.safetensors")
    assert load_organism(str(whole)).model_hash == opened.model_hash == described.model_hash


@pytest.mark.walk
def test_a_released_instance_is_graded(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A submission in the form that 0.1 asked for is graded on the organism that 0.1 planted."""
    instance = "failure-hunt-5h4w-9kse-xar7"
    assert main(["drill", "example", "programme", instance]) == 0
    (made / "mine.json").write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["drill", "submit", "programme", instance, "mine.json", "--json"]) in (0, 1)
    assert json.loads(capsys.readouterr().out)["record"]
