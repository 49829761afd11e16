"""QTI 3 items, one per question: a choice, an order, a match or a number, with what each answer earns and why.

Source: QTI 3.0 ASI information model: choice, order, match and text entry interactions, modal feedback. Each belief
that leads to a wrong choice, match or number has feedback of its own; an order has one for right and one for wrong. An
item whose answer counts (`counts`) has neither key nor feedback, and is scored from outside. Steps are named by the
place at which the yard shows them, so that no name tells the order.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping

from drillyard.exports.grammar import IDENTIFIER, ONE, TEXT, Tag, check, local
from drillyard.planning.questions import AnyQuestion, LessonQuestion, MatchQuestion, NumberQuestion, OrderQuestion

__all__ = ["QTI", "add", "check_item", "write_item"]

QTI = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"
_MAYBE, _MANY = (0, 1), (0, 99)
_NAME = {"identifier": IDENTIFIER}
_INTERACTIONS = tuple(f"qti-{kind}-interaction" for kind in ("choice", "order", "match", "text-entry"))
_CHOICES = ("qti-simple-choice", "qti-simple-associable-choice")
_TOLD = {"qti-and": _MAYBE, "qti-match": _MAYBE, "qti-member": _MAYBE, "qti-equal": _MAYBE}
_VALUE = {"qti-base-value": _MAYBE, "qti-variable": _MAYBE, "qti-sum": _MAYBE, "qti-multiple": _MAYBE}

_ITEM: Mapping[str, Tag] = {
    "qti-assessment-item": Tag(
        must={**_NAME, "title": r"[\s\S]{1,200}", "adaptive": "false", "time-dependent": "false", "lang": "[a-z]{2}"},
        children={
            "qti-response-declaration": ONE,
            "qti-outcome-declaration": (1, 2),
            "qti-item-body": ONE,
            "qti-response-processing": _MAYBE,
            "qti-modal-feedback": (0, 60),
        },
    ),
    "qti-response-declaration": Tag(
        must={
            **_NAME,
            "cardinality": "single|ordered|multiple",
            "base-type": "identifier|directedPair|float",
        },
        children={"qti-correct-response": _MAYBE, "qti-mapping": _MAYBE},
    ),
    "qti-correct-response": Tag(children={"qti-value": (1, 7)}),
    "qti-value": Tag(text=TEXT),
    "qti-mapping": Tag(must={"default-value": "0"}, children={"qti-map-entry": (2, 7)}),
    "qti-map-entry": Tag(must={"map-key": r"r\d t\d", "mapped-value": "1"}),
    "qti-outcome-declaration": Tag(
        must={
            **_NAME,
            "cardinality": "single|multiple",
            "base-type": "float|identifier",
        },
        may={"external-scored": "externalMachine", "normal-maximum": r"\d"},
        children={"qti-default-value": _MAYBE},
    ),
    "qti-default-value": Tag(children={"qti-value": ONE}),
    "qti-item-body": Tag(children={"p": (0, 2), **dict.fromkeys(_INTERACTIONS[:3], _MAYBE)}),
    "qti-choice-interaction": Tag(
        must={"response-identifier": IDENTIFIER, "shuffle": "true", "max-choices": "1"},
        children={"qti-prompt": ONE, "qti-simple-choice": (2, 5)},
    ),
    "qti-order-interaction": Tag(
        must={"response-identifier": IDENTIFIER, "shuffle": "true"},
        children={"qti-prompt": ONE, "qti-simple-choice": (3, 7)},
    ),
    "qti-match-interaction": Tag(
        must={"response-identifier": IDENTIFIER, "shuffle": "true", "max-associations": r"\d"},
        children={"qti-prompt": ONE, "qti-simple-match-set": (2, 2)},
    ),
    "qti-simple-match-set": Tag(children={"qti-simple-associable-choice": (2, 7)}),
    "qti-simple-associable-choice": Tag(must={**_NAME, "match-max": r"\d"}, text=TEXT),
    "qti-text-entry-interaction": Tag(must={"response-identifier": IDENTIFIER, "expected-length": r"\d+"}),
    "qti-prompt": Tag(text=TEXT),
    "qti-simple-choice": Tag(must=_NAME, text=TEXT),
    "qti-response-processing": Tag(
        children={"qti-response-condition": _MANY, "qti-set-outcome-value": (0, 2)},
    ),
    "qti-response-condition": Tag(
        children={"qti-response-if": ONE, "qti-response-else-if": _MANY, "qti-response-else": _MAYBE}
    ),
    **dict.fromkeys(
        ("qti-response-if", "qti-response-else-if"), Tag(children={**_TOLD, "qti-set-outcome-value": (1, 2)})
    ),
    "qti-response-else": Tag(children={"qti-set-outcome-value": ONE}),
    "qti-and": Tag(children={"qti-match": (2, 2)}),
    "qti-match": Tag(
        children={"qti-variable": _MAYBE, "qti-correct": _MAYBE, "qti-index": _MAYBE, "qti-base-value": _MAYBE}
    ),
    "qti-index": Tag(must={"n": r"\d"}, children={"qti-variable": ONE}),
    "qti-member": Tag(children={"qti-base-value": ONE, "qti-variable": ONE}),
    "qti-equal": Tag(
        must={"tolerance-mode": "absolute", "tolerance": r"[\d.e-]+ [\d.e-]+"},
        children={"qti-variable": ONE, "qti-base-value": ONE},
    ),
    "qti-variable": Tag(must=_NAME),
    "qti-correct": Tag(must=_NAME),
    "qti-sum": Tag(children={"qti-variable": ONE, "qti-base-value": ONE}),
    "qti-multiple": Tag(children={"qti-variable": ONE, "qti-base-value": ONE}),
    "qti-set-outcome-value": Tag(must=_NAME, children={**_VALUE, "qti-map-response": _MAYBE}),
    "qti-map-response": Tag(must=_NAME),
    "qti-base-value": Tag(must={"base-type": "float|identifier|directedPair"}, text=TEXT),
    "qti-modal-feedback": Tag(
        must={**_NAME, "outcome-identifier": IDENTIFIER, "show-hide": "show"}, children={"qti-content-body": ONE}
    ),
    "qti-content-body": Tag(children={"p": ONE}),
    "p": Tag(children={"qti-text-entry-interaction": _MAYBE}, text=TEXT),
}


def write_item(key: str, title: str, question: AnyQuestion, *, counts: bool) -> ET.Element:
    """Return a question as an item with the identifier `key`."""
    names = {"identifier": key, "title": title[:200], "adaptive": "false", "time-dependent": "false"}
    root = ET.Element(f"{{{QTI}}}qti-assessment-item", {**names, "{http://www.w3.org/XML/1998/namespace}lang": "en"})
    cardinality, kind = _RESPONSES[question.kind]
    response = add(root, "response-declaration", identifier="RESPONSE", cardinality=cardinality, base_type=kind)
    score = add(root, "outcome-declaration", identifier="SCORE", cardinality="single", base_type="float")
    score.set("normal-maximum", str(question.points))
    if counts:
        score.set("external-scored", "externalMachine")
    else:
        _set_key(response, question)
        add(add(score, "default-value"), "value").text = "0"
        many = "multiple" if question.kind == "match" else "single"
        add(root, "outcome-declaration", identifier="FEEDBACK", cardinality=many, base_type="identifier")
    _ask(add(root, "item-body"), question)
    if not counts:
        _score(add(root, "response-processing"), question)
        for name, words in _feedback(question):
            shown = add(root, "modal-feedback", outcome_identifier="FEEDBACK", show_hide="show", identifier=name)
            ET.SubElement(add(shown, "content-body"), f"{{{QTI}}}p").text = words
    return root


def check_item(root: ET.Element, name: str | None) -> Iterator[str]:
    """Yield what is wrong with an item: by grammar, then keys that are no choice, dangling names, leaks and so on."""
    yield from check(root, _ITEM, "qti-assessment-item", (QTI,))
    found = {key: [one for one in root.iter() if local(one.tag) == key] for key in _ITEM}
    if root.get("identifier") != name:
        yield f"its identifier is {root.get('identifier')!r}, the manifest's {name!r}"
    declared = {one.get("identifier") for one in found["qti-response-declaration"]}
    outcomes = {one.get("identifier") for one in found["qti-outcome-declaration"]}
    choices = [one.get("identifier") for kind in _CHOICES for one in found[kind]]
    yield from _check_asked([one for kind in _INTERACTIONS for one in found[kind]], declared, choices)
    for one in (*found["qti-variable"], *found["qti-correct"], *found["qti-map-response"]):
        if one.get("identifier") not in declared | outcomes:
            yield f"its processing reads {one.get('identifier')!r}, which is not declared"
    told = [one.get("outcome-identifier") for one in found["qti-modal-feedback"]]
    for target in (*told, *(one.get("identifier") for one in found["qti-set-outcome-value"])):
        if target not in outcomes:
            yield f"the outcome {target!r} is not declared"
    keys = [value.text or "" for one in found["qti-correct-response"] for value in one]
    yield from _check_key(root, keys, choices)
    if keys and {one.get("identifier") for one in found["qti-modal-feedback"]} != _answered(root, choices):
        yield "an answer without feedback, or feedback to none"
    outside = any(one.get("external-scored") for one in found["qti-outcome-declaration"])
    if outside and (keys or told or found["qti-response-processing"] or found["qti-mapping"]):
        yield "an item that is scored from outside tells its key"
    if not outside and not keys:
        yield "an item that nobody can score"


def add(parent: ET.Element, name: str, **attributes: str) -> ET.Element:
    """Add an element `qti-NAME`; underscores in the names of attributes are hyphens."""
    given = {key.replace("_", "-"): value for key, value in attributes.items()}
    return ET.SubElement(parent, f"{{{QTI}}}qti-{name}", given)


_RESPONSES = {
    "choice": ("single", "identifier"),
    "order": ("ordered", "identifier"),
    "match": ("multiple", "directedPair"),
    "number": ("single", "float"),
}


def _check_asked(asked: list[ET.Element], declared: set[str | None], choices: list[str | None]) -> Iterator[str]:
    if len(asked) != 1:
        yield f"{len(asked)} interactions, expected 1"
    if len(set(choices)) < len(choices):
        yield "two choices with one identifier"
    for one in asked:
        if one.get("response-identifier") not in declared:
            yield f"the interaction answers {one.get('response-identifier')!r}, which is not declared"


def _answered(root: ET.Element, choices: list[str | None]) -> set[str | None]:
    """Return the names of feedback that answers get: every choice of a choice interaction, else what is set."""
    if any(local(one.tag) == "qti-choice-interaction" for one in root.iter()):
        return set(choices)
    values = (one for one in root.iter() if local(one.tag) == "qti-base-value")
    return {one.text for one in values if one.get("base-type") == "identifier"} - set(choices)


def _check_key(root: ET.Element, keys: list[str], choices: list[str | None]) -> Iterator[str]:
    response = next((one for one in root.iter() if local(one.tag) == "qti-response-declaration"), None)
    kind = "" if response is None else (response.get("base-type") or "")
    if kind != "float":
        yield from (f"the key {key!r} is no choice" for key in keys if not set(key.split()) <= set(choices))
    if kind == "directedPair":
        mapped = [one.get("map-key", "") for one in root.iter() if local(one.tag) == "qti-map-entry"]
        if sorted(mapped) != sorted(keys):
            yield "pairs that are right and earn nothing, or earn and are wrong"


def _set_key(response: ET.Element, question: AnyQuestion) -> None:
    places = question.key.split(" ")
    match question:
        case OrderQuestion():
            values = [_step(question, int(place)) for place in places]
        case MatchQuestion():
            values = [f"r{row} t{place}" for row, place in enumerate(places)]
        case NumberQuestion():
            values = places
        case _:
            values = [f"o{place}" for place in places]
    correct = add(response, "correct-response")
    for value in values:
        add(correct, "value").text = value
    if question.kind == "match":
        mapping = add(response, "mapping", default_value="0")
        for value in values:
            add(mapping, "map-entry", map_key=value, mapped_value="1")


def _ask(body: ET.Element, question: AnyQuestion) -> None:
    match question:
        case OrderQuestion(steps=steps):
            asked = add(body, "order-interaction", response_identifier="RESPONSE", shuffle="true")
            add(asked, "prompt").text = question.ask
            for place in question.shown:
                add(asked, "simple-choice", identifier=_step(question, place)).text = steps[place].text
        case MatchQuestion(rows=rows, targets=targets):
            most = str(len(rows))
            asked = add(
                body, "match-interaction", response_identifier="RESPONSE", shuffle="true", max_associations=most
            )
            add(asked, "prompt").text = question.ask
            for letter, limit, texts in (("r", "1", [row.text for row in rows]), ("t", most, targets)):
                held = add(asked, "simple-match-set")
                for place, text in enumerate(texts):
                    add(held, "simple-associable-choice", identifier=f"{letter}{place}", match_max=limit).text = text
        case NumberQuestion(unit=unit):
            ET.SubElement(body, f"{{{QTI}}}p").text = question.ask
            line = ET.SubElement(body, f"{{{QTI}}}p")
            line.text = f"In {unit}: " if unit else "A number: "
            add(line, "text-entry-interaction", response_identifier="RESPONSE", expected_length="12")
        case LessonQuestion(options=options):
            asked = add(body, "choice-interaction", response_identifier="RESPONSE", shuffle="true", max_choices="1")
            add(asked, "prompt").text = question.ask
            for place, option in enumerate(options):
                add(asked, "simple-choice", identifier=f"o{place}").text = option.text


def _score(processing: ET.Element, question: AnyQuestion) -> None:
    """Say what an answer earns, and which feedback it gets."""
    match question:
        case OrderQuestion(steps=steps):
            for at in range(1, len(steps)):
                for first in range(len(steps) - 1):
                    _succession(processing, at, _step(question, first), _step(question, first + 1))
            when = add(processing, "response-condition")
            _feed(_match_key(add(when, "response-if")), "right")
            _feed(add(when, "response-else"), "wrong")
        case MatchQuestion():
            told = add(processing, "set-outcome-value", identifier="SCORE")
            add(told, "map-response", identifier="RESPONSE")
            for name, _ in _feedback(question):
                when = add(add(processing, "response-condition"), "response-if")
                member = add(when, "member")
                add(member, "base-value", base_type="directedPair").text = name.replace("-", " ")
                add(member, "variable", identifier="RESPONSE")
                many = add(add(when, "set-outcome-value", identifier="FEEDBACK"), "multiple")
                add(many, "variable", identifier="FEEDBACK")
                add(many, "base-value", base_type="identifier").text = name
        case NumberQuestion(value=value, slips=slips, points=points):
            when = add(processing, "response-condition")
            _near(add(when, "response-if"), question, value, points, "right")
            for number, slip in enumerate(slips):
                _near(add(when, "response-else-if"), question, slip.value, int(slip.half), f"slip{number}")
            _feed(add(when, "response-else"), "wrong")
        case _:
            when = _match_key(add(add(processing, "response-condition"), "response-if"))
            add(add(when, "set-outcome-value", identifier="SCORE"), "base-value", base_type="float").text = "1"
            add(add(processing, "set-outcome-value", identifier="FEEDBACK"), "variable", identifier="RESPONSE")


def _feedback(question: AnyQuestion) -> list[tuple[str, str]]:
    """Return what is said, with the name of the answer that it is said to."""
    match question:
        case MatchQuestion(rows=rows, targets=targets):
            pairs = [(f"r{at}-t{to}", row, target) for at, row in enumerate(rows) for to, target in enumerate(targets)]
            return [(name, row.mistaken.get(target, row.why)) for name, row, target in pairs]
        case NumberQuestion(slips=slips):
            told = [(f"slip{number}", slip.why) for number, slip in enumerate(slips)]
            return [("right", question.why), *told, ("wrong", question.why)]
        case OrderQuestion():
            return [("right", question.why), ("wrong", question.why)]
    return [(f"o{place}", option.why) for place, option in enumerate(question.options)]


def _succession(processing: ET.Element, at: int, first: str, then: str) -> None:
    """Give a point where, at a place, a step is followed by the one that comes next."""
    when = add(add(processing, "response-condition"), "response-if")
    both = add(when, "and")
    for place, step in ((at, first), (at + 1, then)):
        same = add(both, "match")
        add(add(same, "index", n=str(place)), "variable", identifier="RESPONSE")
        add(same, "base-value", base_type="identifier").text = step
    total = add(add(when, "set-outcome-value", identifier="SCORE"), "sum")
    add(total, "variable", identifier="SCORE")
    add(total, "base-value", base_type="float").text = "1"


def _near(when: ET.Element, question: NumberQuestion, value: float, points: int, name: str) -> None:
    off = f"{question.within:g}"
    close = add(when, "equal", tolerance_mode="absolute", tolerance=f"{off} {off}")
    add(close, "variable", identifier="RESPONSE")
    add(close, "base-value", base_type="float").text = f"{value:.12g}"
    add(add(when, "set-outcome-value", identifier="SCORE"), "base-value", base_type="float").text = str(points)
    _feed(when, name)


def _match_key(when: ET.Element) -> ET.Element:
    same = add(when, "match")
    add(same, "variable", identifier="RESPONSE")
    add(same, "correct", identifier="RESPONSE")
    return when


def _feed(when: ET.Element, name: str) -> None:
    add(add(when, "set-outcome-value", identifier="FEEDBACK"), "base-value", base_type="identifier").text = name


def _step(question: OrderQuestion, place: int) -> str:
    return f"s{question.shown.index(place)}"
