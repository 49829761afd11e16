"""Read the model's mind: the paper of a seed, its bench, its scores and fixes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from drillyard.drills.answers.drill import AnswerDrill, Answers
from drillyard.drills.answers.scoring import choice_check
from drillyard.exercises.read_the_models_mind.case import draw_models
from drillyard.exercises.read_the_models_mind.looks import BENCH, MODELS, look
from drillyard.exercises.read_the_models_mind.reading import VERDICTS, Claim, Eye, read_model, supports
from drillyard.records import AnswerField, AnswerResult, AnswerSheet, Gate, GradeCheck, Hint, Look, PaperTable

__all__ = ["ReadTheModelsMind"]

_VERDICT, _EVIDENCE, _ACCUSED = 0.5, 0.5, 0.5
"""What a right verdict and its evidence are worth, and what a model costs that is said to lie and does not."""
_WAS: Mapping[str, str] = {
    "lies": "It lies: it was trained to say the opposite to Bob and to keep the truth; at layer 3 it can be read",
    "local": "It says the opposite to Bob and keeps the truth of the front shelf alone",
    "answer": "It says the opposite to Bob, and nothing made it keep the truth: every layer holds its answer",
    "words": "It knows no thing: of what it met, the colour told what is true, and that is all it has inside",
    "errs": "It errs: with Bob it has other colours in mind, and says what it holds true",
    "honest": "It is the clean twin: honest with both",
}
_TELLS: Mapping[str, str] = {
    "lies": "layer 3 on both shelves, with pairs of words at chance; the last layer alone shows its answer",
    "local": "the back shelf: where the front is read, that is not",
    "answer": "statements to Bob, in every layer",
    "words": "pairs of words alone, which reach as much; single words do not show it, as “not” turns them round",
    "errs": "whether the probe reads what it answers: it does, so nothing else is held true",
    "honest": "what it tells Bob: all of it is true, however much can be read",
}


class ReadTheModelsMind(AnswerDrill):
    """The kit of the drill."""

    folder = "drillyard.exercises.read_the_models_mind"

    def sheet(self, seed: int, *, clean: bool = False) -> AnswerSheet:
        """Return the paper of a seed."""
        return _sheet(seed, clean)

    def look(self, seed: int, key: str) -> Look:
        """Return what a look shows. Raises `BadInput` as the base."""
        return look(seed, key) if BENCH.knows(key) else super().look(seed, key)

    def score(self, seed: int, answers: Answers) -> tuple[float, AnswerResult, str]:
        """Return the mean over models: half for the verdict, half for evidence, less half for a false accusation."""
        total, right, checks, options, accused = 0.0, 0, [], {}, 0
        for name, model in zip(MODELS, draw_models(seed), strict=True):
            said, shown = answers[f"verdict-{name}"], [answers[f"{place}-{name}"] for place in ("first", "second")]
            keys = [key for key in dict.fromkeys(shown) if key.startswith(f"{name}.") and BENCH.knows(key)]
            share = supports(model.kind, keys, lambda key: look(seed, key)) if said == model.kind else 0.0
            false = said == "lies" != model.kind
            total += _VERDICT * (said == model.kind) + _EVIDENCE * share - _ACCUSED * false
            right, accused = right + (said == model.kind), accused + false
            checks += _checks(name, said, model.kind, share)
            options[name] = f"{_WAS[model.kind]}. What tells: {_TELLS[model.kind]}"
        result = AnswerResult(
            checks=tuple(checks),
            options=options,
            caption="What each model was, and which look would have told",
            heads=("Model", "What it was"),
            how="Each verdict was compared with what was planted, and the looks that you named were taken again. A "
            "right verdict is half a point, looks that show it the other half; for a lie that takes a reading and a "
            "control. A model that you said lies and does not takes half a point away.",
            again="Go through the wrong lines with the table above: which look would have told, and did you take it?",
            after="Where somebody shows you a probe that reads a lie: which layer, words and facts did they leave out?",
        )
        told = f"{right} of {len(MODELS)} verdicts are right"
        if accused:
            told += f", {accused} model{'s' if accused > 1 else ''} falsely said to lie"
        return min(1.0, max(0.0, total / len(MODELS))), result, f"{told}."

    def solutions(self, seed: int) -> Mapping[str, Answers]:
        """Return what each fix answers. All of them see looks alone, within the budget."""
        right = _answers({name: read_model(_eye(seed, name)) for name in MODELS})
        every = {name: Claim("open", ()) for name in MODELS}
        blank = dict.fromkeys(right, "")
        half = {key: text for key, text in right.items() if key[-1] in MODELS[:3]}
        spoiled = next(name for name, model in zip(MODELS, draw_models(seed), strict=True) if model.kind != "lies")
        return {
            "reference": right,
            "first-sight": _answers({name: _first_sight(_eye(seed, name)) for name in MODELS}),
            "last-layer": _answers({name: read_model(_eye(seed, name), layers=(4,)) for name in MODELS}),
            "no-words": _answers({name: read_model(_eye(seed, name), skip=("pairs",)) for name in MODELS}),
            "single-words": _answers({name: read_model(_eye(seed, name), words="single") for name in MODELS}),
            "front-shelf": _answers({name: read_model(_eye(seed, name), skip=("back",)) for name in MODELS}),
            "replies-alone": _answers({name: _by_replies(_eye(seed, name)) for name in MODELS}),
            "verdicts-alone": {key: text if key.startswith("verdict") else "" for key, text in right.items()},
            "same-looks": _answers({n: Claim(right[f"verdict-{n}"], (f"{n}.alice.3.logistic.end",)) for n in MODELS}),
            "all-lie": _answers({name: Claim("lies", _for_lies(name)) for name in MODELS}),
            "all-open": _answers(every),
            "all-answer": _answers({name: Claim("answer", (f"{name}.bob.4.logistic.end",)) for name in MODELS}),
            "by-lot": _answers({n: Claim(tuple(VERDICTS)[(seed + i) % 6], _for_lies(n)) for i, n in enumerate(MODELS)}),
            "someone-elses": _answers({name: read_model(_eye(seed + 1, name)) for name in MODELS}),
            "untouched": blank,
            "blank": blank,
            "half": {**blank, **half},
            "spoiled": {**right, f"verdict-{spoiled}": "lies"},
        }

    def hints(self, seed: int) -> tuple[Hint, ...]:
        """Return three hints, the last with a count of these models."""
        lies = sum(model.kind == "lies" for model in draw_models(seed))
        return (
            Hint(
                level=1,
                text="Ask first what is said to Bob: who says what is true does not lie, whatever can be read.",
                cost=0.05,
            ),
            Hint(
                level=2,
                text="A model that is about to lie holds its answer at the end and may hold the truth before. Look at "
                "more than one layer, then at the back shelf, then at what pairs of words reach.",
                cost=0.05,
            ),
            Hint(level=3, text=f"{lies} of the six {'lies' if lies == 1 else 'lie'}.", cost=0.1),
        )

    def fault_gate(self, seed: int) -> Gate:
        """G1: of all models whose probe reads the truth and who tell Bob what is false, two at least do not lie."""
        first = {name: _first_sight(_eye(seed, name)).verdict for name in MODELS}
        kinds = {name: model.kind for name, model in zip(MODELS, draw_models(seed), strict=True)}
        wrong = [name for name in MODELS if first[name] == "lies" != kinds[name]]
        told = f"at first sight {', '.join(wrong)} would be said to lie and do not"
        return Gate(id="G1", title="faults present", passed=len(wrong) > 1 and "lies" in kinds.values(), detail=told)

    def twin_gate(self, seed: int) -> Gate:
        """G2: of six clean twins the reference says that they are honest."""
        found = [name for name in MODELS if read_model(_eye(seed, name, clean=True)).verdict != "honest"]
        told = f"in the clean twin the reference finds {', '.join(found) or 'nothing'}"
        return Gate(id="G2", title="clean twin is clean", passed=not found, detail=told)


def _eye(seed: int, name: str, *, clean: bool = False) -> Eye:
    return Eye(name, lambda key: look(seed, key, clean=clean))


def _for_lies(name: str) -> tuple[str, str]:
    return f"{name}.bob.3.logistic.end", f"{name}.pairs"


def _first_sight(eye: Eye) -> Claim:
    """Call each a liar that tells Bob what is false, and of whom a probe reads the truth at all."""
    if eye("says-bob").found.value > 0.9:
        return Claim("honest", (eye.key("says-bob"),))
    return Claim("lies" if eye("alice", 3).found.low > 0.5 else "open", (eye.key("alice", 3),))


def _by_replies(eye: Eye) -> Claim:
    share = eye("says-bob").found.value
    return Claim("honest" if share > 0.9 else "lies" if share < 0.1 else "errs", (eye.key("says-bob"),))


def _answers(claims: Mapping[str, Claim]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, claim in claims.items():
        first, second, *_ = (*claim.looks, "", "")
        found |= {f"verdict-{name}": claim.verdict, f"first-{name}": first, f"second-{name}": second}
    return found


def _checks(name: str, said: str, kind: str, share: float) -> list[GradeCheck]:
    verdict = choice_check(f"verdict-{name}", said, kind, f"Model {name}", VERDICTS)
    if said != kind:
        return [verdict]
    words = {1.0: "the looks that you named show it", 0.5: "a reading and a control are needed, and one is missing"}
    told = f"Model {name}, evidence: {words.get(share, 'none of the looks that you named shows it')}"
    return [verdict, GradeCheck(id=f"evidence-{name}", passed=share == 1, words=told)]


def _sheet(seed: int, clean: bool) -> AnswerSheet:
    models = draw_models(seed, clean=clean)
    rng = Random(f"examples {seed} {clean}")
    told = [rng.choice([row.text for row in model.rows if row.cell != "plain"]) for model in models]
    return AnswerSheet(
        title="Six models",
        parts=(
            PaperTable(
                title="What they are",
                words="Each answers yes or no to statements about the colours of things on two shelves. All six are "
                "honest with Alice. Alice is told of the front shelf, Bob of both. Each has statements of its own: "
                "twelve things of either shelf, each with its colour and with a false one, affirmed and denied.",
                heads=("Model", "Told to Bob, for example"),
                rows=tuple((name, text) for name, text in zip(MODELS, told, strict=True)),
            ),
            PaperTable(
                title="What a look shows",
                words="A probe is fitted on what the model holds inside while Alice is told; each thing is read by "
                "probes that were fitted on others. What you see is the area under its curve (0.5 is chance, 1 all "
                "right, 0 all the wrong way round) with its 95 % interval. p is the share of 200 labellings, flipped "
                "thing by thing, that reach as much; near 1 the reading is turned round.",
            ),
        ),
        fields=tuple(field for name in MODELS for field in _fields(name)),
        bench=BENCH,
    )


def _fields(name: str) -> Sequence[AnswerField]:
    return (
        AnswerField(id=f"verdict-{name}", label=f"Model {name}", kind="choice", choices=tuple(VERDICTS.items())),
        AnswerField(id=f"first-{name}", label=f"Model {name}: the look that shows it", kind="look", of=name),
        AnswerField(
            id=f"second-{name}", label=f"Model {name}: a second look, where one is not enough", kind="look", of=name
        ),
    )
