"""Items leave the yard as QTI: each is scored there as here, by processing that the package itself states."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from collections.abc import Iterator

from drillyard.exports.grammar import local
from drillyard.exports.qti3_items import check_item, write_item
from drillyard.planning.catalogue import load_catalogue
from drillyard.planning.lessons import has_lesson, load_lesson
from drillyard.planning.questions import AnyQuestion, MatchQuestion, NumberQuestion, OrderQuestion

QUESTIONS = [
    question
    for activity in load_catalogue().activities
    if has_lesson(activity)
    for question in load_lesson(activity.id).questions
]


class Player:
    """The part of QTI 3 response processing that the items use, read anew from the specification."""

    def __init__(self, item: ET.Element, response: object) -> None:
        self.key = [value.text for value in all_of(item, "qti-correct-response")[0]]
        self.map = {one.get("map-key"): float(one.get("mapped-value", "")) for one in all_of(item, "qti-map-entry")}
        self.values: dict[str | None, object] = {"RESPONSE": response, "SCORE": 0.0, "FEEDBACK": []}
        for rule in all_of(item, "qti-response-processing")[0]:
            self.run(rule)

    def run(self, rule: ET.Element) -> None:
        """Take one rule."""
        if local(rule.tag) == "qti-set-outcome-value":
            self.values[rule.get("identifier")] = self.value(rule[0])
            return
        for branch in rule:
            condition = local(branch.tag) == "qti-response-else" or self.value(branch[0])
            if condition:
                for one in branch:
                    if local(one.tag) == "qti-set-outcome-value":
                        self.run(one)
                return

    def value(self, one: ET.Element) -> object:
        """Work out an expression."""
        inner = [self.value(child) for child in one]
        match local(one.tag):
            case "qti-variable":
                return self.values[one.get("identifier")]
            case "qti-correct":
                return self.key if len(self.key) > 1 else self.key[0]
            case "qti-base-value":
                return float(one.text or "") if one.get("base-type") == "float" else one.text
            case "qti-map-response":
                return sum(self.map.get(pair, 0.0) for pair in self.values["RESPONSE"])  # type: ignore[attr-defined]
            case "qti-index":
                return inner[0][int(one.get("n", "")) - 1]  # type: ignore[index]
            case "qti-match":
                return inner[0] == inner[1]
            case "qti-and":
                return all(inner)
            case "qti-member":
                return inner[0] in inner[1]  # type: ignore[operator]
            case "qti-equal":
                low, high = map(float, one.get("tolerance", "").split())
                return inner[1] - low <= float(inner[0]) <= inner[1] + high  # type: ignore[operator,arg-type]
            case "qti-sum":
                return sum(inner)  # type: ignore[arg-type]
            case "qti-multiple":
                return [*inner[0], inner[1]]  # type: ignore[misc]
        raise AssertionError(one.tag)


def all_of(item: ET.Element, name: str) -> list[ET.Element]:
    """Return the elements of a name."""
    return [one for one in item.iter() if local(one.tag) == name]


def responses(question: AnyQuestion) -> Iterator[tuple[str, object]]:
    """Yield answers as the yard keeps them, with the same as a QTI player hands them in."""
    match question:
        case OrderQuestion(steps=steps, shown=shown):
            for order in itertools.permutations(range(len(steps))):
                yield " ".join(map(str, order)), [f"s{shown.index(step)}" for step in order]
        case MatchQuestion(rows=rows, targets=targets):
            for places in itertools.product(range(len(targets)), repeat=len(rows)):
                yield " ".join(map(str, places)), [f"r{row} t{place}" for row, place in enumerate(places)]
        case NumberQuestion(value=value, within=off, slips=slips):
            for number in (value, value + off, value - 1.01 * off, 1e7, *(one.value for one in slips)):
                yield str(number), str(number)
        case _:
            for place in range(len(question.options)):
                yield str(place), f"o{place}"


def test_each_item_scores_as_the_yard_does() -> None:
    """Every order, match, option and telling number of every shipped question; feedback names the same beliefs."""
    for question in QUESTIONS:
        item = write_item("item-a", "Title", question, counts=False)
        assert list(check_item(item, "item-a")) == []
        said = {one.get("identifier"): "".join(one.itertext()).strip() for one in all_of(item, "qti-modal-feedback")}
        for answer, response in responses(question):
            played = Player(item, response)
            assert played.values["SCORE"] == question.earned(answer), (question.id, answer)
            got = played.values["FEEDBACK"]
            told = [said[name] for name in ([got] if isinstance(got, str) else got) if name in said]  # type: ignore[union-attr]
            if not isinstance(question, OrderQuestion):
                assert all(any(one in belief for one in told) for belief in question.beliefs(answer))
            assert told


def test_an_item_that_counts_tells_nothing() -> None:
    """No key, no mapping, no feedback; and the names of steps do not give their order away."""
    for question in QUESTIONS:
        item = write_item("item-a", "Title", question, counts=True)
        text = ET.tostring(item, encoding="unicode")
        assert list(check_item(item, "item-a")) == [] and "correct-response" not in text and "mapping" not in text
        assert not any(part.why in text for part in getattr(question, "options", ()))
        if isinstance(question, OrderQuestion):
            names = {one.text: one.get("identifier") for one in all_of(item, "qti-simple-choice")}
            assert [names[step.text] for step in question.steps] != sorted(names.values(), key=str)


def test_a_spoilt_item_is_refused() -> None:
    """A pair that is right and earns nothing, two interactions, a key beside an outside score."""
    one = next(question for question in QUESTIONS if isinstance(question, MatchQuestion))
    for find, spoil, says in (
        ("qti-mapping", lambda mapping: mapping.remove(mapping[0]), "earn nothing"),
        ("qti-item-body", lambda body: body.append(body[0]), "2 interactions"),
        ("qti-outcome-declaration", lambda held: held.set("external-scored", "externalMachine"), "tells its key"),
        ("qti-value", lambda value: setattr(value, "text", "r0 t9"), "is no choice"),
    ):
        item = write_item("item-a", "Title", one, counts=False)
        spoil(all_of(item, find)[0])
        assert any(says in told for told in check_item(item, "item-a")), says
