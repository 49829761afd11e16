"""`drillyard contain gateway …`: make keys, serve the oracle gateway, call it, vote, verify its ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from drillyard import registry
from drillyard.cli import show
from drillyard.cli.options import FILE, FOLDER
from drillyard.errors import bad_input
from drillyard.records.strict_json import parse_json

__all__ = ["command"]

_KEYS = "drillyard.containment.gateway.keys"
_PORT = click.IntRange(0, 65535)


@click.group()
def command() -> None:
    """Put an oracle gateway in front of any forecaster."""


@command.command("key")
@click.argument("person")
@click.argument("plane", type=click.Choice(["asker", "approver", "operator", "kill"]))
@click.argument("folder", type=FOLDER)
@show.handler
def _key(person: str, plane: str, folder: Path) -> show.Outcome:
    """Make one's own key in FOLDER: the private one to keep, the .public.json to hand to the operator."""
    account, key = registry.resolve(f"{_KEYS}:make_key")(person, plane)
    private, public = folder / f"{key.id}.json", folder / f"{key.id}.public.json"
    registry.resolve(f"{_KEYS}:write_key")(private, key)
    registry.resolve(f"{_KEYS}:write_account")(public, account)
    return show.Outcome(
        verdict=f"Made the key of {account.person}: keep {private} to yourself, hand {public} to the operator.",
        data={"account": account.id, "private": str(private), "public": str(public)},
        next_command=f"drillyard contain gateway keys KEYS --enrol {public} …",
    )


@command.command("keys")
@click.argument("folder", type=FOLDER)
@click.option("--asker", multiple=True, metavar="PERSON", help="Repeatable.")
@click.option("--approver", multiple=True, metavar="PERSON", help="Repeatable; at least two in all.")
@click.option("--operator", multiple=True, metavar="PERSON", help="Repeatable.")
@click.option("--kill", multiple=True, metavar="PERSON", help="Who may stop everything.")
@click.option("--enrol", multiple=True, type=FILE, help="A .public.json of drillyard contain gateway key; repeatable.")
@show.handler
def _keys(folder: Path, enrol: tuple[Path, ...], **people: tuple[str, ...]) -> show.Outcome:
    """Make a keyring, the ledger's key, and a key for each PERSON who did not make one, in FOLDER."""
    accounts = [registry.resolve(f"{_KEYS}:read_account")(path) for path in enrol]
    keyring = registry.resolve(f"{_KEYS}:make_keys")(folder, people, accounts)
    own = {one.id for one in accounts}
    rows = [(one.id, one.person, one.plane, "own" if one.id in own else f"{one.id}.json") for one in keyring.accounts]
    data = {"keyring": str(folder / "keyring.json"), "accounts": [row[0] for row in rows]}
    return show.Outcome(
        verdict=f"Enrolled {len(rows)} accounts in {folder}; hand each key made here to its person and delete it.",
        data=data,
        body=[show.table("Keys", ("account", "person", "plane", "file"), rows)],
        next_command=f"drillyard contain gateway serve TARGET --policy POLICY --keys {folder / 'keyring.json'} …",
    )


@command.command("serve")
@click.argument("target")
@click.option("--policy", type=FILE, required=True, help="Rules, YAML (examples/oracle/gateway.yaml).")
@click.option("--keys", type=FILE, required=True, help="keyring.json of drillyard contain gateway keys.")
@click.option("--ledger", type=FOLDER, required=True, help="Folder of the ledger and the budgets.")
@click.option("--ledger-key", type=FILE, help="Signs the ledger; ledger.json beside the keyring unless given.")
@click.option("--operator-key", type=FILE, help="Opens a new epoch: the first, after a kill, for another policy.")
@click.option("--anchors", type=FILE, help="File elsewhere that receives the heads of the ledger.")
@click.option("--canaries", type=FILE, help="Questions with known answers, put among live ones by the policy.")
@click.option("--database", default="", help="postgresql:// URL for several gateways; SQLite in the ledger folder.")
@click.option("--name", default="gateway", show_default=True, help="Of this gateway among several.")
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address.")
@click.option("--ports", type=(_PORT, _PORT, _PORT), default=(8431, 8432, 8433), show_default=True, help="0 is any.")
@show.handler
def _serve(**order: Any) -> None:
    """Serve the gateway in front of TARGET until Ctrl+C; nothing leaves until an operator renews the lease."""
    as_json = show.wants_json()

    def ready(urls: dict[str, str]) -> None:
        if as_json:
            click.echo(json.dumps(urls))
        else:
            show.say("; ".join(f"{name} at {url}" for name, url in urls.items()) + ". Stop it with Ctrl+C.")

    made = registry.resolve("drillyard.containment.gateway.serve:ServeOrder")(**order)
    registry.resolve("drillyard.containment.gateway.serve:serve_gateway")(made, ready)


@command.command("call")
@click.argument("url")
@click.argument("method", type=click.Choice(["GET", "POST"]))
@click.argument("path")
@click.argument("body", required=False)
@click.option("--key", type=FILE, required=True, help="Key file of one account.")
@show.handler
def _call(url: str, method: str, path: str, body: str | None, key: Path) -> show.Outcome:
    """Send one signed request to a plane of a gateway; BODY is JSON."""
    try:
        data = parse_json(body) if body else None
    except ValueError as error:
        raise bad_input(f"{body!r:.80} ({error})", "a JSON object") from None
    secret = registry.resolve(f"{_KEYS}:read_key")(key)
    reply = registry.resolve("drillyard.containment.gateway.client:Caller")(url, secret).call(method, path, data)
    return show.Outcome(verdict=f"{method} {path}: done.", data=reply, body=[json.dumps(reply, indent=2)])


@command.command("vote")
@click.argument("url")
@click.argument("question")
@click.option("--approve/--veto", required=True, help="Release its answer, or close the question.")
@click.option("--key", type=FILE, required=True, help="Key file of an approver.")
@show.handler
def _vote(url: str, question: str, approve: bool, key: Path) -> show.Outcome:
    """Sign a vote on a waiting QUESTION, which is given by its id."""
    secret = registry.resolve(f"{_KEYS}:read_key")(key)
    asked = registry.resolve("drillyard.containment.gateway.client:Caller")(url, secret).vote(question, approve)
    word = "Approved" if approve else "Vetoed"
    return show.Outcome(verdict=f"{word}: {asked.text}", data={"id": question, "approve": approve, **asked.to_data()})


@command.command("database")
@click.argument("url")
@click.option("--role", required=True, help="Of the gateways: may add to the ledger, never change or delete.")
@click.option("--reader", default="", help="Of those who verify: may read the ledger alone.")
@show.handler
def _database(url: str, role: str, reader: str) -> show.Outcome:
    """Make a gateway's tables on PostgreSQL as their owner, at URL, and grant each role what it needs."""
    registry.resolve("drillyard.containment.gateway.databases:prepare_database")(url, role, reader)
    rights = dict(registry.resolve("drillyard.containment.gateway.databases:RIGHTS"))
    return show.Outcome(
        verdict=f"Made the tables; {role} may do this and nothing else.",
        data={"role": role, "reader": reader, "rights": rights},
        body=[show.table("Rights", ("table", "rights"), list(rights.items()))],
        next_command="drillyard contain gateway serve TARGET --database URL …",
    )


@command.command("verify")
@click.argument("folder", type=FOLDER, required=False)
@click.option("--database", default="", help="postgresql:// URL, in place of FOLDER.")
@click.option("--anchors", type=FILE, help="Heads that were kept elsewhere.")
@click.option("--keys", type=FILE, multiple=True, help="keyring.json of each epoch; public keys alone. Repeatable.")
@show.handler
def _verify(folder: Path | None, database: str, anchors: Path | None, keys: tuple[Path, ...]) -> show.Outcome:
    """Check a ledger's chain, signatures, coins and releases; exits 1 and names the record where something is wrong."""
    keyrings = [registry.resolve(f"{_KEYS}:read_keyring")(path) for path in keys]
    if (folder is None) != bool(database):
        raise bad_input("a folder and a database" if folder else "no ledger", "a FOLDER or --database, one of them")
    way = "verify_database" if folder is None else "verify_folder"
    report = registry.resolve(f"drillyard.containment.gateway.verify:{way}")(folder or database, anchors, keyrings)
    counts = f"{report.records} records, {report.admitted} admitted, {report.released} released, {report.erased} erased"
    rows = [(fault.sequence, fault.what, fault.words) for fault in report.faults]
    missed = [f"Missed canaries of {report.canaries}: {show.estimate(report.missed)}."] if report.missed else []
    signed = f"{report.signatures} votes and switches signed by the keyring." if keys else "No keyring: who signed?"
    return show.Outcome(
        verdict=f"The ledger is whole: {counts}." if report.whole else f"{len(rows)} faults in {counts}.",
        state="passed" if report.whole else "failed",
        data=report,
        body=[
            *([show.table("Faults", ("record", "what", "words"), rows)] if rows else []),
            signed,
            *missed,
            report.does_not_show,
        ],
    )
