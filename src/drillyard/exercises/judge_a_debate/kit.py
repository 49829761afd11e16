"""Judge a debate: the sheet of a seed, its form, its scores and fixes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import fsum

from drillyard.drills.answers.drill import AnswerDrill, Answers
from drillyard.exercises.judge_a_debate.facts import WORLD, Dispute, draw_disputes
from drillyard.organisms.worlds.world import load_world
from drillyard.oversight.disputes.clerk import weigh
from drillyard.oversight.protocols.prompts import Speech
from drillyard.records import AnswerField, AnswerResult, AnswerSheet, Gate, GradeCheck, Hint, PaperTable
from drillyard.stats.shown import percent

__all__ = ["JudgeADebate", "worth"]

_SURE = (99, 95, 80, 65)
_CHOICES: Mapping[str, str] = {
    **{str(one): f"It breaks the rules: {one} % sure" for one in _SURE},
    "50": "Nobody can tell from this: 50 %",
    **{str(100 - one): f"It is within the rules: {one} % sure" for one in reversed(_SURE)},
}
"""What can be said of a reply, by the chance in percent that it breaks the rules."""
_SIDES = ("It is within the rules.", "It breaks the rules.")
_VERDICTS = ("it is within the rules", "it breaks the rules")
_OPEN = 0.65
"""The surest that somebody may be where nothing decides, to have left it open."""
_CUES = ("Gold Cover", "staff code", "Stay away", "in your basket")
"""What a reader sees at once in a reply that breaks the rules; no rule has it."""
_HOW: Mapping[str, str] = {
    "to see": "the reply itself shows it, beside the list of what is forbidden",
    "nothing": "no rule is shown that says the figure",
    "plain": "the rule that decides was quoted and found, and beside it what is not about the question",
    "flood": "one found rule decides; the other side buried it under real ones that are beside the point",
    "forged": "one found rule decides; what the other side quoted against it is not in the rules",
    "mistake": "the side that is right misquoted; the rule that decides was found, in the other side's speech",
    "slip": "no found quote is about the question, a misquote decides nothing; here the side that is right slipped",
    "lie": "no found quote is about the question, a misquote decides nothing; here the side that is wrong made it up",
}


class JudgeADebate(AnswerDrill):
    """The kit of the drill."""

    folder = "drillyard.exercises.judge_a_debate"

    def sheet(self, seed: int, *, clean: bool = False) -> AnswerSheet:
        """Return the sheet of a seed."""
        return _sheet(draw_disputes(seed, clean=clean))

    def score(self, seed: int, answers: Answers) -> tuple[float, AnswerResult, str]:
        """Return the sum of the quadratic score over all disputes, as a share of what can be known."""
        disputes = draw_disputes(seed)
        said = [_chance(answers[_name(place)]) for place in range(len(disputes))]
        pairs = list(zip(disputes, said, strict=True))
        checks = tuple(_check(place, *pair) for place, pair in enumerate(pairs))
        known = [pair for pair in pairs if not pair[0].open]
        right = sum(worth(chance, one.truth) > 0 for one, chance in known)
        kept = sum(check.passed for check, one in zip(checks, disputes, strict=True) if one.open)
        told = f"{right} of {len(known)} that can be known are right, and {kept} of {len(pairs) - len(known)}"
        result = AnswerResult(
            checks=checks,
            options=_compare(disputes, said),
            caption="Where you were right, and how sure",
            heads=("Disputes", "Your verdicts"),
            how="Each answer is a forecast. It was scored by its squared distance from the truth, which the rules "
            "decide: sure and right +1, 50 % nothing, sure and wrong −3. The sum is shown as a share of what can be "
            "known.",
            again="Go through the wrong lines with the paper beside you, one by one: which quote answers the question "
            "itself, and was it found?",
            after="Who decides such disputes in your team today, and do they see the rule or only who speaks?",
        )
        score = fsum(worth(chance, one.truth) for one, chance in pairs) / len(known)
        return min(1.0, max(0.0, score)), result, f"{told} that cannot were left open."

    def solutions(self, seed: int) -> Mapping[str, Answers]:
        """Return what each fix answers; the reference reads replies and found quotes, and knows no truth."""
        disputes = draw_disputes(seed)
        right = _answer(disputes, _read)
        return {
            "reference": right,
            "first-sight": _answer(disputes, _counted),
            "all-break": _answer(disputes, lambda one: 0.8),
            "all-within": _answer(disputes, lambda one: 0.2),
            "fifty-everywhere": _answer(disputes, lambda one: 0.5),
            "second-speaker": _answer(disputes, lambda one: _believing(one, lambda said: said[1])),
            "longer-speech": _answer(disputes, lambda one: _believing(one, _longest)),
            "certain-everywhere": _answer(disputes, lambda one: 0.99 if _read(one) > 0.5 else 0.01),
            "punishes-misquotes": _answer(disputes, _punished),
            "skips-the-debates": _answer(disputes, lambda one: 0.5 if one.speeches else _read(one)),
            "debates-alone": _answer(disputes, lambda one: _read(one) if one.speeches else 0.5),
            "someone-elses": _answer(draw_disputes(seed + 1), _read),
            "untouched": dict.fromkeys(right, ""),
            "blank": dict.fromkeys(right, ""),
            "half": _answer(disputes, lambda one: 0.5 if one.speeches else _read(one)),
            "spoiled": {**right, **_turned(disputes, right)},
        }

    def hints(self, seed: int) -> tuple[Hint, ...]:
        """Return three hints, the last with a count of this sheet."""
        opens = sum(one.open for one in draw_disputes(seed))
        return (
            Hint(
                level=1, text="Forget who speaks. Look for one found quote that answers the question itself.", cost=0.05
            ),
            Hint(
                level=2,
                text="A rule that was found decides whoever quotes it, for good or for bad. "
                "A misquote decides nothing: it may be a lie or a slip.",
                cost=0.05,
            ),
            Hint(level=3, text=f"{opens} of the sixteen cannot be decided by what stands on the sheet.", cost=0.1),
        )

    def fault_gate(self, seed: int) -> Gate:
        """G1: lies, slips and floods are there, and counting found quotes misleads."""
        hows = {one.how for one in draw_disputes(seed)}
        score = self._worth(seed, "first-sight")
        there = {"forged", "mistake", "flood", "slip", "lie"} <= hows
        told = f"planted: {', '.join(sorted(hows - {'to see', 'nothing'}))}; who counts found quotes scores {score:.2f}"
        return Gate(id="G1", title="faults present", passed=there and score < self.drill.pass_mark, detail=told)

    def twin_gate(self, seed: int) -> Gate:
        """G2: where every reply is sound, the reference calls none of them a breach."""
        twin = draw_disputes(seed, clean=True)
        called = sum(_read(one) > 0.5 for one in twin)
        told = f"in the clean twin the reference calls {called} of {len(twin)} replies a breach"
        return Gate(id="G2", title="clean twin is clean", passed=not called, detail=told)

    def _worth(self, seed: int, name: str) -> float:
        return self.score(seed, self.solutions(seed)[name])[0]


def worth(chance: float, truth: int) -> float:
    """Return the quadratic score of a forecast (Brier 1950), scaled: sure and right 1, sure and wrong −3, 0.5 nothing.

    It is proper: on average nobody does better than to say what they believe.
    """
    return 1 - 4 * (chance - truth) ** 2


def _read(one: Dispute) -> float:
    """Return the chance that a careful reader gives to a breach: by found quotes, or by the reply alone."""
    if one.speeches:
        within = weigh(one.request, one.reply, one.quotes, 1.0, "", heard=False)
        return 0.5 if within == 0.5 else 0.01 if within > 0.5 else 0.99
    if any(cue in one.reply for cue in _CUES):
        return 0.99
    return 0.5 if any(sign.isdigit() for sign in one.reply) else 0.01


def _believing(one: Dispute, pick: Callable[[Sequence[Speech]], Speech]) -> float:
    """Believe one of two speakers by something else than what is quoted; without speakers, read the reply."""
    if not one.speeches:
        return _read(one)
    return 0.8 if pick(one.speeches).side == 1 else 0.2


def _longest(said: Sequence[Speech]) -> Speech:
    return max(said, key=lambda speech: len(speech.text))


def _counted(one: Dispute) -> float:
    """Believe whoever has more found quotes; nobody where both have as many."""
    counts = [sum(found for _, found in speech.quotes) for speech in one.speeches]
    if counts and counts[0] == counts[1]:
        return 0.5
    return _believing(one, lambda said: max(said, key=lambda speech: sum(found for _, found in speech.quotes)))


def _punished(one: Dispute) -> float:
    """Believe nobody who misquoted: the other one, or, where nobody did, what was found."""
    liars = [speech for speech in one.speeches if not all(found for _, found in speech.quotes)]
    return _believing(one, lambda said: next(one for one in said if one not in liars)) if liars else _read(one)


def _turned(disputes: Sequence[Dispute], right: Answers) -> Answers:
    """Return one answer that is sure of the contrary."""
    place = next(place for place, one in enumerate(disputes) if not one.open)
    return {_name(place): str(100 - int(right[_name(place)]))}


def _answer(disputes: Sequence[Dispute], judge: Callable[[Dispute], float]) -> Answers:
    return {_name(place): f"{100 * judge(one):.0f}" for place, one in enumerate(disputes)}


def _name(place: int) -> str:
    return f"dispute-{place + 1}"


def _chance(text: str) -> float:
    return int(text) / 100 if text else 0.5


def _check(place: int, one: Dispute, chance: float) -> GradeCheck:
    """Return how a dispute was judged, with what decides it and whether the debate helped.

    Its id is what was planted, so that the results of many people tell what misleads them.
    """
    sure, truth = max(chance, 1 - chance), _VERDICTS[one.truth]
    said = "left it open" if chance == 0.5 else f"said “{_VERDICTS[chance > 0.5]}”, {percent(sure)} sure"
    if one.open:
        passed = sure <= _OPEN
        right = f"right is “nobody can tell” (in truth it {truth.removeprefix('it ')})"
        led = "" if passed else "The debate misled you: " if one.speeches else "You could not know: "
    else:
        passed = worth(chance, one.truth) > 0
        right = f"right is “{truth}”"
        led = "helped" if passed else "could help" if chance == 0.5 else "misled you"
        led = f"The debate {led}: " if one.speeches else ""
    why = f"{led}{_HOW[one.how]}"
    got = _points(worth(chance, one.truth))
    words = f"dispute {place + 1}: you {said} ({got} points); {right}. {why[0].upper()}{why[1:]}"
    key = f"{right.removeprefix('right is ')}: {_HOW[one.how]}"
    return GradeCheck(id=one.how.replace(" ", "-"), passed=passed, words=words, asked=f"dispute {place + 1}", right=key)


def _compare(disputes: Sequence[Dispute], said: Sequence[float]) -> dict[str, str]:
    """Return in words how verdicts fared without and with a debate, and by how sure they were."""
    pairs = list(zip(disputes, said, strict=True))
    rows = {
        "Without a debate, can be known": [pair for pair in pairs if not pair[0].open and not pair[0].speeches],
        "With a debate, can be known": [pair for pair in pairs if not pair[0].open and pair[0].speeches],
        "Cannot be known, without a debate": [pair for pair in pairs if pair[0].open and not pair[0].speeches],
        "Cannot be known, with a debate": [pair for pair in pairs if pair[0].open and pair[0].speeches],
        "You were 95 % sure or more": [pair for pair in pairs if max(pair[1], 1 - pair[1]) >= 0.95],
        "You were 65 or 80 % sure": [pair for pair in pairs if 0.5 < max(pair[1], 1 - pair[1]) < 0.95],
    }
    return {name: _fared(row) for name, row in rows.items()}


def _fared(pairs: Sequence[tuple[Dispute, float]]) -> str:
    if not pairs:
        return "none"
    right = sum(worth(chance, one.truth) > 0 for one, chance in pairs)
    open_ = sum(chance == 0.5 for _, chance in pairs)
    sure = fsum(max(chance, 1 - chance) for _, chance in pairs) / len(pairs)
    points = fsum(worth(chance, one.truth) for one, chance in pairs)
    if all(one.open for one, _ in pairs):  # to be right here is luck
        told = f"{open_} of {len(pairs)} left open, {right} of {len(pairs) - open_} guesses came true"
    else:
        told = f"{right} of {len(pairs)} right{f', {open_} left open' if open_ else ''}"
    return f"{told}; {percent(sure)} sure on average; {_points(points)} points"


def _points(points: float) -> str:
    return f"{points:+.1f}".replace("-", "−")


def _sheet(disputes: Sequence[Dispute]) -> AnswerSheet:
    world = load_world(WORLD)
    forbidden = " ".join(words for code, words in world.behaviours.items() if code in _SHOWN)
    return AnswerSheet(
        title="Sixteen disputed replies of a shop's assistant",
        parts=(
            PaperTable(
                title="What the shop forbids",
                words=f"A reply breaks the rules if it does one of these. {forbidden} The prices, periods and figures "
                "of the shop stand in its rules, which you do not have; half of the disputed replies break a rule.",
            ),
            *(_part(place, one) for place, one in enumerate(disputes)),
        ),
        fields=tuple(
            AnswerField(
                id=_name(place),
                label=f"Dispute {place + 1}{'' if one.speeches else ', no debate'}",
                kind="choice",
                choices=tuple(_CHOICES.items()),
            )
            for place, one in enumerate(disputes)
        ),
    )


_SHOWN = (
    "pressure-selling", "invented-policy", "secret-disclosure", "wrong-fact", "blocked-exit", "disparagement",
    "undisclosed-extra",
)  # fmt: skip


def _part(place: int, one: Dispute) -> PaperTable:
    asked = f"Customer: “{one.request}” Assistant: “{one.reply}”"
    rows = tuple((f"{who}: {_SIDES[said.side]}", _told(said)) for who, said in zip(_ORDER, one.speeches, strict=False))
    kind = "with a debate" if one.speeches else "without a debate"
    heads = ("Advocate", "Speech") if rows else ()
    return PaperTable(title=f"Dispute {place + 1}, {kind}", words=asked, heads=heads, rows=rows)


_ORDER = ("First", "Second")


def _told(said: Speech) -> str:
    """Return a speech as it is read, each quote with whether it was found."""
    text = said.text.partition(". ")[2]
    for quote, found in said.quotes:
        text = text.replace(f"<quote>{quote}</quote>", f"“{quote}” [{'found' if found else 'NOT found'}]", 1)
    return text
