"""A gateway in a process of its own: `python gateway_racer.py FOLDER URL NAME AT COUNT`, started by a line of input."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from gateway_bench import account_of, question

from drillyard.containment.gateway.clock import GuardedClock
from drillyard.containment.gateway.gateway import Gateway
from drillyard.containment.gateway.keys import read_key, read_keyring
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.store import LedgerStore


def main() -> None:
    """Ask so many questions as fast as it goes; prints a line for each."""
    folder, url, name, at, count = Path(sys.argv[1]), sys.argv[2], sys.argv[3], float(sys.argv[4]), int(sys.argv[5])
    keyring, policy = read_keyring(folder / "keyring.json"), GatewayPolicy.from_json((folder / "policy").read_text())
    clock, store = GuardedClock(1.0, lambda: at, lambda: at), LedgerStore(url, read_key(folder / "ledger.json"))
    gateway = Gateway(policy, keyring, lambda: lambda _question, _seed: "yes", store, clock, name=name)
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(count):
        ticket = gateway.ask(account_of(keyring, "ann"), question(f"{name} {number}?"), os.urandom(16).hex())
        print(json.dumps({"id": ticket.id, "state": ticket.state}), flush=True)


if __name__ == "__main__":
    main()
