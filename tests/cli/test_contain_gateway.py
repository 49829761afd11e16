"""`drillyard contain gateway`: keys, a served gateway from the command line, its ledger verified."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from processes import until

from drillyard.cli.app import main

ROOT = Path(__file__).resolve().parents[2]
POLICY = ROOT / "examples" / "oracle" / "gateway.yaml"
PEOPLE = ["--asker", "Ann", "--approver", "Bea", "--approver", "Bob", "--operator", "Cy", "--kill", "Kim"]


def data(words: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> dict:
    """Run a command with --json and return its document."""
    assert main(["contain", "gateway", *words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def page() -> list[list[str]]:
    """Return the commands of the first example in docs/reference/gateway.md, each as its words."""
    text = (ROOT / "docs" / "reference" / "gateway.md").read_text().partition("## Commands")[2].split("```")[1]
    lines = re.sub(r"\\\n|(?<=,)\n", " ", text).strip().splitlines()
    return [shlex.split(line.removesuffix("&")) for line in lines]


@pytest.mark.walk
def test_the_example_of_the_page_answers_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own commands, but for ports: keys, two votes, an answer, a kill, a whole ledger; an edit is then named."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    quick, *rest = page()
    with Path(quick.pop()).open("w") as policy:
        subprocess.run(quick[:-1], stdout=policy, check=True)
    keys, serve, lease, ask, look, *votes, fetch, kill, verify = (words[3:] for words in rest)
    assert len(data(keys, capsys)["accounts"]) == 5
    assert all(path.stat().st_mode & 0o077 == 0 for path in Path("keys").iterdir() if path.name != "keyring.json")
    assert "secret" not in Path("keys/keyring.json").read_text()
    command = [sys.executable, "-m", "drillyard", "contain", "gateway", *serve, "--ports", "0", "0", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            urls = json.loads(process.stdout.readline())
            plane = {"http://127.0.0.1:843" + str(number): url for number, url in enumerate(urls.values(), 1)}

            def run(words: list[str], name: str = "ID") -> dict:
                return data([plane.get(word, word).replace("ID", name) for word in words], capsys)

            assert run(lease)["until"] > 1e9
            name = run(ask)["id"]
            until(lambda: run(look)["questions"])
            assert [run(vote, name)["approve"] for vote in votes] == [True, True]
            assert until(lambda: run(fetch, name)["answer"]) == "yes"
            assert run(kill) == {"state": "killed"} and run(fetch, name)["answer"] == ""
            far = [word.replace("2030-01-02", "2999-01-01") for word in ask]
            assert run(far)["state"] == "refused"
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=60) == ("", "")
        finally:
            process.kill()
    assert process.returncode == 0
    report = data(verify, capsys)
    assert report["faults"] == [] and report["anchors"] >= 2 and report["does_not_show"]
    lines = Path("anchors").read_text().splitlines()
    Path("anchors").write_text(lines[-1].replace('"sequence": ', '"sequence": 9') + "\n")
    assert data(verify, capsys, 1)["faults"][0]["what"] == "forged anchor"
    assert main(["contain", "gateway", *verify]) == 1
    assert "forged anchor" in capsys.readouterr().out


@pytest.mark.walk
def test_people_make_their_own_keys_and_vote_with_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The operator never holds an approver's private key; the vote that it signed is in the ledger, and is checked."""
    for who in ("Bea", "Bob"):
        made = data(["key", who, "approver", str(tmp_path / who)], capsys)
        assert made["account"] == f"approver-{who.lower()}" and Path(made["private"]).stat().st_mode & 0o077 == 0
    keys, ledger = tmp_path / "keys", tmp_path / "ledger"
    enrol = [f"{tmp_path}/{who}/approver-{who.lower()}.public.json" for who in ("Bea", "Bob")]
    rest = ["--asker", "Ann", "--asker", "Cal", "--operator", "Cy", "--kill", "Kim"]
    assert len(data(["keys", str(keys), "--enrol", enrol[0], "--enrol", enrol[1], *rest], capsys)["accounts"]) == 6
    assert not list(keys.glob("approver-*"))
    policy, known = tmp_path / "policy.yaml", tmp_path / "known.yaml"
    kept = POLICY.read_text().replace("hold_seconds: 3600", "hold_seconds: 60").replace("erasure: 0.05", "erasure: 0")
    policy.write_text(kept)
    one = {"kind": "binary", "topic": "energy", "text": "Is 2 > 1?", "resolves": str(date.today() + timedelta(days=99))}
    known.write_text(json.dumps({"accounts": ["asker-cal"], "questions": [{"question": one, "answer": "yes"}]}))
    known.chmod(0o600)
    words = ["--policy", str(policy), "--keys", str(keys / "keyring.json"), "--ledger", str(ledger)]
    words += ["--operator-key", str(keys / "operator-cy.json"), "--canaries", str(known), "--ports", "0", "0", "0"]
    command = [sys.executable, "-m", "drillyard", "contain", "gateway", "serve", "echo/", *words, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            urls = json.loads(process.stdout.readline())
            operator, ann = str(keys / "operator-cy.json"), str(keys / "asker-ann.json")
            data(["call", urls["operator"], "POST", "/lease", "--key", operator], capsys)
            seen = data(["call", urls["operator"], "GET", "/canaries", "--key", operator], capsys)
            asked = {**one, "kind": "date", "text": "When will it rain?"}  # an echo holds one day: the question's own
            told = data(["call", urls["asker"], "POST", "/questions", json.dumps(asked), "--key", ann], capsys)
            bea = str(tmp_path / "Bea" / "approver-bea.json")
            look = ["call", urls["approver"], "GET", "/questions", "--key", bea]
            until(lambda: data(look, capsys)["questions"])  # the forecaster runs once a thread is free
            vote = data(["vote", urls["approver"], told["id"], "--veto", "--key", bea], capsys)
            assert main(["contain", "gateway", "vote", urls["approver"], "x", "--approve", "--key", bea]) == 2
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
        finally:
            process.kill()
    assert seen == {"left": 1, "open": 0} and (vote["text"], vote["approve"]) == ("When will it rain?", False)
    assert "one that waits" in capsys.readouterr().err
    report = data(["verify", str(ledger), "--keys", str(keys / "keyring.json")], capsys)
    assert report["faults"] == [] and report["signatures"] == 3  # epoch, lease, vote
    assert data(["verify", str(ledger)], capsys)["signatures"] == 0
    assert main(["contain", "gateway", "verify"]) == 2
    assert "a FOLDER or --database" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["verify", "nowhere"], "error: found no gateway.db in nowhere"),
        (["keys", "k", *PEOPLE, "--asker", "BEA"], "error: found a second account for 'bea'"),
        (["keys", "k", *PEOPLE[:4], *PEOPLE[6:]], "error: found 1 of the plane approver, expected 2 or more"),
        (["call", "ftp://x", "GET", "/head", "--key", "k.json"], "error: found No such file or directory at 'k.json'"),
        (["call", "http://127.0.0.1:9", "GET", "/head", "{", "--key", "k.json"], "error: found '{' (Expecting"),
        (
            ["serve", "echo/", "--policy", str(POLICY), "--keys", "k.json", "--ledger", "l"],
            "error: found No such file or directory at 'k.json'",
        ),
    ],
)
def test_what_is_wrong_is_one_line(
    words: list[str], line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bad input exits 2 with what was found and what was expected."""
    monkeypatch.chdir(tmp_path)
    assert main(["contain", "gateway", *words]) == 2
    told = capsys.readouterr().err
    assert told.startswith(line) and told.count("\n") == 1
