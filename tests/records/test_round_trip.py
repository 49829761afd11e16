"""Every record class: there and back through JSON, and one clear line for what is no such record."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from strategies import RECORDS, record

from drillyard.errors import BadInput
from drillyard.records import Estimate, Message, Record, Reply
from drillyard.records.strict_json import parse_json

# Plans and grades are deep, and drawing one takes a while: that is their nature, not a fault of the strategy.
deep = settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
@deep
@given(data=st.data())
def test_every_record_survives_json(kind: type[Record], data: st.DataObject) -> None:
    """What is written is read back equal, and writing it again gives the same text."""
    goes_and_returns(data.draw(record(kind)))


@pytest.mark.walk
@settings(deep, max_examples=2000)
@given(value=st.one_of(map(record, RECORDS)))
def test_many_records_survive_json(value: Record) -> None:
    """The same for thousands of values of all classes."""
    goes_and_returns(value)


def goes_and_returns(value: Record) -> None:
    """Check one value."""
    text = value.to_json()
    again = type(value).from_json(text.encode())
    assert again == value
    assert again.to_json() == text


def test_every_record_is_frozen_closed_and_stamped() -> None:
    """A record has a version and a name of its own, cannot be changed, and refuses fields that it does not know."""
    closed = [k for k in RECORDS if k.model_config.get("frozen") and k.model_config.get("extra") == "forbid"]
    assert closed == list(RECORDS) and all(len(k.upgrades) in (0, k.version - 1) for k in RECORDS)
    names = [kind.record_name() for kind in RECORDS]
    assert len(set(names)) == len(names), sorted(name for name in names if names.count(name) > 1)


def test_a_record_cannot_be_changed() -> None:
    """Assigning a field raises instead of changing what somebody else holds."""
    message = Message(role="user", content="hello")
    with pytest.raises(ValidationError, match="frozen"):
        message.content = "bye"  # type: ignore[misc]


GOOD: dict[str, Any] = {"record": "message", "version": 1, "role": "user", "content": "hello"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "found record 'message' version 2, expected 'message' 1"),
        ({"record": "reply"}, "found record 'reply' version 1, expected 'message' 1"),
        ({"colour": "red"}, "message: field 'colour': found 'red', expected: no such field"),
        ({"role": "robot"}, "message: field 'role': found 'robot', expected: 's"),
        ({"content": None}, "message: field 'content': found nothing, expected: "),
    ],
)
def test_wrong_data_gets_one_line(change: dict[str, Any], words: str) -> None:
    """Another version, another record, an unknown field, a wrong value: found, expected, on one line."""
    assert Message.from_data(GOOD) == Message(role="user", content="hello")
    with pytest.raises(BadInput) as caught:
        Message.from_data(GOOD | change)
    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value)


def test_a_missing_field_is_named() -> None:
    """The line names the field that is not there."""
    with pytest.raises(BadInput, match=r"message: field 'content': found nothing, expected: a value"):
        Message.from_data({"role": "user"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"role": "user"',
        "[1, 2]",
        "null",
        '"text"',
        b"\xff\xfe",
        r'{"role": "user", "content": "\ud800"}',
        "[" * 100_000,
        "9" * 10_000,
        "NaN",
    ],
    ids=[
        "nothing",
        "brace",
        "cut",
        "list",
        "null",
        "string",
        "no-utf8",
        "half-surrogate",
        "deep",
        "long-number",
        "nan",
    ],
)
def test_broken_json_gets_one_line(text: str | bytes) -> None:
    """Whatever arrives instead of a record, the answer is one line and never a traceback."""
    with pytest.raises(BadInput) as caught:
        Message.from_json(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_records_hold_finite_numbers_only(number: str) -> None:
    """Not-a-number is no estimate, and JSON has no word for it."""
    with pytest.raises(BadInput, match="field 'value'"):
        Estimate.from_json(f'{{"value": {number}, "low": 0, "high": 1, "n": 1, "method": "x"}}')


@pytest.mark.parametrize("ends", [(0.5, 0.6, 0.7), (0.5, 0.1, 0.4)])
def test_an_estimate_lies_inside_its_interval(ends: tuple[float, float, float]) -> None:
    """A value outside low … high is refused where it is made."""
    value, low, high = ends
    with pytest.raises(ValidationError, match="low ≤ value ≤ high"):
        Estimate(value=value, low=low, high=high, n=3, method="x")


def test_plain_data_is_json_as_written() -> None:
    """The stored form is ordinary JSON with name and version in front, and text stays readable."""
    text = Reply(text="grüß – dich").to_json()
    assert text.startswith('{"record": "reply", "version": 1, "text": "grüß – dich"')
    assert json.loads(text)["finish"] == "stop"


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}', '[{"b": {"approve": false, "approve": true}}]', "[" * 30_000,
        '["\\ud800"]', "\ud800", b"\xff", '{"a": "\\ud83d", "b": "\\ude00"}', "9" * 5000, "",
    ],
)  # fmt: skip
def test_json_that_could_be_read_in_two_ways_is_refused(text: str | bytes) -> None:
    """Keys twice at any depth, endless nesting, half surrogates: a `ValueError`, never another."""
    with pytest.raises(ValueError):
        parse_json(text)


def test_json_that_says_one_thing_is_read() -> None:
    """Equal keys in two objects, pairs of surrogates, deep but not endless nesting."""
    assert parse_json('[{"a": 1}, {"a": 2}, "\\ud83d\\ude00"]') == [{"a": 1}, {"a": 2}, "\U0001f600"]
    assert parse_json(b"[" * 100 + b"]" * 100)


def test_a_record_of_an_earlier_version_is_brought_up_step_by_step() -> None:
    """From whichever version it is, by the steps that it lacks; a later one, and one without a way, are refused."""

    class Renamed(Record):
        version = 3
        upgrades = (
            lambda fields: {"size": fields["length"]},
            lambda fields: {"sizes": (fields["size"],)},
        )
        sizes: tuple[int, ...]

    now = Renamed(sizes=(7,))
    for version, fields in ((1, {"length": 7}), (2, {"size": 7}), (3, {"sizes": [7]})):
        assert Renamed.from_data({"record": "renamed", "version": version, **fields}) == now
    for version in (0, 4, "1", None):
        with pytest.raises(BadInput, match=f"found record 'renamed' version {version!r}, expected 'renamed' 3"):
            Renamed.from_data({"record": "renamed", "version": version, "length": 7})
    with pytest.raises(BadInput, match="expected 'message' 1"):
        Message.from_data({"record": "message", "version": 0, "role": "user", "content": ""})
