"""Whoever runs the gateway cannot forge a release: what the ledger's own key can forge is found, offline."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from gateway_bench import KEYS, LEDGER, POLICY, SECRETS, Bench
from hypothesis import given
from hypothesis import strategies as st

from drillyard.containment.gateway.chain import GENESIS, Entry, link
from drillyard.containment.gateway.databases import read_stored
from drillyard.containment.gateway.keys import Keyring, make_key, make_keys, read_key, read_keyring, write_key
from drillyard.containment.gateway.requests import Signed, make_ballot, read_ballot, sign_request, vote_path
from drillyard.containment.gateway.signing import Key, verifies
from drillyard.containment.gateway.verify import verify_entries
from drillyard.errors import BadInput

Change = Callable[[Entry, dict], dict | None]


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    """Give a whole ledger: a release with two votes, a question without, a kill, a new epoch."""
    bench = Bench(tmp_path_factory.mktemp("signed"))
    bench.released()
    bench.ask("Will it snow?")
    bench.kill()
    bench.epoch(POLICY.with_fields(approvals=3))
    bench.renew()
    bench.close()
    found = read_stored(bench.url).entries
    report = verify_entries(found, (), [KEYS])
    assert report.whole and report.signatures == 7  # two epochs, two leases at first, two votes, a kill, a lease
    return found


def test_a_signature_is_that_of_rfc_8032() -> None:
    """The first test vector of its section 7.1; and a signature of ours, checked without our code."""
    secret = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
    key = Key(id="x", secret=secret)
    assert key.public == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    message = b"drillyard gateway\nrequest\nwords"
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public)).verify(
        bytes.fromhex(key.sign("request", "words")), message
    )
    assert not verifies(key.public, key.sign("entry", "words"), "request", "words")


@given(st.sampled_from(sorted(Signed.__dataclass_fields__)), st.text(min_size=1, max_size=20))
def test_no_part_of_a_request_can_be_changed(field: str, text: str) -> None:
    """Whatever field is set to whatever text: it is no longer the account's."""
    account = KEYS.find("bea", "approver")
    signed = sign_request(SECRETS["bea"], "POST", vote_path("q"), make_ballot(True, "0" * 64), 1.0)
    assert signed.is_from(account) and read_ballot(signed, "q", "0" * 64, KEYS) == ("bea", True)
    changed = replace(signed, **{field: text})
    assert changed == signed or not changed.is_from(account)


def forged(entries: list[Entry], change: Change) -> list[Entry]:
    """Return the ledger as its own gateway could write it anew: changed, with all hashes and its signatures right."""
    left: list[Entry] = []
    for entry in entries:
        if (body := change(entry, json.loads(entry.body))) is not None:
            before = left[-1].digest if left else GENESIS
            left.append(link(len(left) + 1, entry.at, entry.kind, body, before, LEDGER))
    return left


def faults(entries: list[Entry], change: Change) -> list[tuple[str, str]]:
    """Return what is found in a forged ledger, of which the chain itself is whole."""
    made = forged(entries, change)
    found = verify_entries(made, (), [KEYS]).faults
    return [(made[one.sequence - 1].kind, one.words) for one in found]


def bob_votes(**changed: object) -> Change:
    """Change the record of bob's vote."""
    return lambda entry, body: {**body, **changed} if body.get("person") == "bob" else body


def signed_anew(key: Key, **changed: str) -> Change:
    """Put another signature, or another signed request, under bob's vote."""

    def change(entry: Entry, body: dict) -> dict:
        if body.get("person") != "bob":
            return body
        old = {**body["signed"], **changed}
        made = sign_request(key, old["method"], old["path"], old["body"], float(old["at"]))
        return {**body, "signed": made.to_data()}

    return change


NOT_SIGNED = ("vote", "its person did not sign it for this question")
TOO_FEW = ("released", "too few persons approved")


@pytest.mark.parametrize(
    "change",
    [
        bob_votes(person="ben"),  # a vote of one person under another's name
        bob_votes(signed=sign_request(Key.new("bob"), "POST", "/questions/x/votes").to_data()),
        signed_anew(LEDGER),  # signed by whoever runs the gateway
        signed_anew(SECRETS["bea"]),  # one person twice
        signed_anew(SECRETS["ann"]),  # an asker
        signed_anew(SECRETS["bob"], path="/questions/other/votes"),  # a vote on another question
        signed_anew(SECRETS["bob"], body=make_ballot(True, "0" * 64)),  # bob was shown other words
        signed_anew(SECRETS["bob"], body=make_ballot(False, "0" * 64)),  # bob said no
        signed_anew(SECRETS["bob"], body="{}"),
    ],
)
def test_a_release_on_a_forged_vote_is_found(entries: list[Entry], change: Change) -> None:
    """The vote's record is named, and the release that rests on it."""
    assert faults(entries, change) == [NOT_SIGNED, TOO_FEW]


def test_an_old_vote_a_missing_field_and_a_missing_keyring_are_found(entries: list[Entry]) -> None:
    """Signed at another time; without what was signed; by keys that nobody vouches for."""
    (vote, words), _ = faults(entries, signed_anew(SECRETS["bob"], at="1.0"))
    assert (vote, words) == ("vote", "it was signed at another time")
    bare = faults(entries, lambda _entry, body: {name: one for name, one in body.items() if name != "signed"})
    assert {kind for kind, _ in bare} >= {"epoch", "lease", "vote", "killed"}
    others = Keyring(ledger=LEDGER.public)
    found = verify_entries(entries, (), [others]).faults
    assert found[0].sequence == 1 and "no keyring that was given" in found[0].words
    assert verify_entries(entries, (), [others, KEYS]).whole and verify_entries(entries).signatures == 0


def test_the_keyring_of_another_ledger_is_one_line(entries: list[Entry]) -> None:
    """Not thirty edited records: alone, and beside the right one, which it would weaken; so is a forger's copy."""
    another = KEYS.model_copy(update={"ledger": Key.new("ledger").public})
    for keyrings in ([another], [KEYS, another]):
        with pytest.raises(BadInput, match=r"signed nothing here, expected this ledger's; name the one"):
            verify_entries(entries, (), keyrings)
    anew = [link(e.sequence, e.at, e.kind, e.data, e.previous, Key.new("ledger")) for e in entries]
    with pytest.raises(BadInput, match="written anew"):
        verify_entries(anew, (), [KEYS])
    unsigned = [entries[0], *(replace(e, signature="") for e in entries[1:])]
    assert len(verify_entries(unsigned, (), [KEYS]).faults) == len(entries) - 1


@pytest.mark.parametrize("kind", ["epoch", "lease", "killed"])
def test_switches_are_signed_too(entries: list[Entry], kind: str) -> None:
    """A policy, a lease and a kill that only the ledger's key vouches for are named."""

    def change(entry: Entry, body: dict) -> dict:
        if entry.kind != kind:
            return body
        old = body["signed"]
        made = sign_request(LEDGER, old["method"], old["path"], old["body"], float(old["at"]))
        return {**body, "signed": made.to_data()}

    found = faults(entries, change)
    assert {one for one, _ in found} == {kind} and all("key of the keyring signed it" in words for _, words in found)


def test_a_policy_other_than_the_signed_one_and_a_longer_lease_are_found(entries: list[Entry]) -> None:
    """The operator's signature covers the rules; nobody stretches a lease."""
    looser = POLICY.with_fields(hold_seconds=0)
    found = faults(entries, lambda e, body: {**body, "policy": looser.digest()} if e.kind == "epoch" else body)
    assert ("epoch", "the policy that was signed is not the one that is pinned") in found
    found = faults(entries, lambda e, body: {**body, "until": body["until"] + 9} if e.kind == "lease" else body)
    assert ("lease", "it is longer than the policy lets it be") in found


def test_the_keyring_holds_no_secret_and_key_files_are_private(tmp_path: Path) -> None:
    """From the keyring's file alone nothing can be signed; a key file that others can read is refused."""
    own, key = make_key("Bea", "approver")
    write_key(tmp_path / "bea.json", key)
    keyring = make_keys(
        tmp_path / "keys", {"asker": ("Ann",), "approver": ("Bob",), "operator": ("Cy",), "kill": ("Bea",)}, [own]
    )
    text = (tmp_path / "keys" / "keyring.json").read_text()
    for path in [tmp_path / "bea.json", *(tmp_path / "keys").glob("*-*.json"), tmp_path / "keys" / "ledger.json"]:
        assert read_key(path).secret not in text and read_key(path).public in text
    assert not (tmp_path / "keys" / "approver-bea.json").exists() and keyring.find("approver-bea", "approver") == own
    (tmp_path / "bea.json").chmod(0o644)
    with pytest.raises(BadInput, match="others can read"):
        read_key(tmp_path / "bea.json")
    (tmp_path / "keys" / "keyring.json").chmod(0o666)
    with pytest.raises(BadInput, match="others can change"):
        read_keyring(tmp_path / "keys" / "keyring.json")
    with pytest.raises(BadInput, match="File exists"):
        write_key(tmp_path / "bea.json", key)


def test_a_gateway_with_another_ledgers_key_does_not_start(tmp_path: Path) -> None:
    """It could sign nothing that the keyring would vouch for."""
    bench = Bench(tmp_path)
    bench.close()
    with pytest.raises(BadInput, match="not of this keyring"):
        bench.another(Key.new("ledger"))
