"""`drillyard contain gateway …`: make keys, serve the oracle gateway, call it, verify its ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from drillyard import registry
from drillyard.cli import show
from drillyard.errors import bad_input

__all__ = ["command"]

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)
_PORT = click.IntRange(0, 65535)


@click.group()
def command() -> None:
    """Put an oracle gateway in front of any forecaster."""


@command.command("keys")
@click.argument("folder", type=_FOLDER)
@click.option("--asker", multiple=True, required=True, metavar="PERSON", help="Repeatable.")
@click.option("--approver", multiple=True, required=True, metavar="PERSON", help="Repeatable; at least two.")
@click.option("--operator", multiple=True, required=True, metavar="PERSON", help="Repeatable.")
@click.option("--kill", multiple=True, required=True, metavar="PERSON", help="Who may stop everything.")
@show.handler
def _keys(folder: Path, **people: tuple[str, ...]) -> show.Outcome:
    """Make a keyring and one key file for each person, in FOLDER."""
    keyring = registry.resolve("drillyard.containment.gateway.keys:make_keys")(folder, people)
    rows = [(one.id, one.person, one.plane, f"{one.id}.json") for one in keyring.accounts]
    data = {"keyring": str(folder / "keyring.json"), "accounts": [row[0] for row in rows]}
    return show.Outcome(
        verdict=f"Made {len(rows)} keys in {folder}; hand each to its person and delete it here.",
        data=data,
        body=[show.table("Keys", ("account", "person", "plane", "file"), rows)],
        next_command=f"drillyard contain gateway serve TARGET --policy POLICY --keys {folder / 'keyring.json'} …",
    )


@command.command("serve")
@click.argument("target")
@click.option("--policy", type=_FILE, required=True, help="Rules, YAML (examples/oracle/gateway.yaml).")
@click.option("--keys", type=_FILE, required=True, help="keyring.json of drillyard contain gateway keys.")
@click.option("--ledger", type=_FOLDER, required=True, help="Folder of the ledger and the budgets.")
@click.option("--operator-key", type=_FILE, help="Opens a new epoch: the first, after a kill, for another policy.")
@click.option("--anchors", type=_FILE, help="File elsewhere that gets the heads of the ledger.")
@click.option("--database", default="", help="SQLAlchemy URL for several gateways; SQLite in the ledger folder.")
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
@click.option("--key", type=_FILE, required=True, help="Key file of one account.")
@show.handler
def _call(url: str, method: str, path: str, body: str | None, key: Path) -> show.Outcome:
    """Send one signed request to a plane of a gateway; BODY is JSON."""
    try:
        data = json.loads(body) if body else None
    except ValueError:
        raise bad_input(f"{body!r:.80}", "a JSON object") from None
    account = registry.resolve("drillyard.containment.gateway.keys:read_account")(key)
    reply = registry.resolve("drillyard.containment.gateway.client:Caller")(url, account).call(method, path, data)
    return show.Outcome(verdict=f"{method} {path}: done.", data=reply, body=[json.dumps(reply, indent=2)])


@command.command("verify")
@click.argument("folder", type=_FOLDER)
@click.option("--anchors", type=_FILE, help="Heads that were kept elsewhere.")
@click.option("--keys", type=_FILE, help="keyring.json, whose ledger key signed records and anchors.")
@show.handler
def _verify(folder: Path, anchors: Path | None, keys: Path | None) -> show.Outcome:
    """Check a ledger's chain, coins and releases; exits 1 and names the record where something is wrong."""
    keyring = registry.resolve("drillyard.containment.gateway.keys:read_keyring")(keys) if keys else None
    key = bytes.fromhex(keyring.ledger_key) if keyring else None
    report = registry.resolve("drillyard.containment.gateway.verify:verify_folder")(folder, anchors, key)
    counts = f"{report.records} records, {report.admitted} admitted, {report.released} released, {report.erased} erased"
    rows = [(fault.sequence, fault.what, fault.words) for fault in report.faults]
    return show.Outcome(
        verdict=f"The ledger is whole: {counts}." if report.whole else f"{len(rows)} faults in {counts}.",
        state="passed" if report.whole else "failed",
        data=report,
        body=[*([show.table("Faults", ("record", "what", "words"), rows)] if rows else []), report.does_not_show],
    )
