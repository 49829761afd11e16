"""Guard duty: the paper of a seed, its form, its scores and fixes."""

from __future__ import annotations

from collections.abc import Mapping

from drillyard.drills.answers.drill import AnswerDrill, Answers
from drillyard.drills.answers.scoring import choice_check, number_in
from drillyard.exercises.guard_duty.facts import ALARM, CAUSES, Desk, Duty, Week, clean_twin, draw_duty
from drillyard.records import AnswerField, AnswerResult, AnswerSheet, Gate, GradeCheck, Hint, PaperTable
from drillyard.stats.shown import percent

__all__ = ["GuardDuty"]

_LABELS, _THRESHOLD, _DESKS = 0.2, 0.5, 0.3
_KINDS = {"sound": "Sound", "pressing": "Presses the customer"}


class GuardDuty(AnswerDrill):
    """The kit of the drill."""

    folder = "drillyard.exercises.guard_duty"

    def sheet(self, seed: int, *, clean: bool = False) -> AnswerSheet:
        """Return the paper of a seed."""
        duty = draw_duty(seed)
        return _sheet(clean_twin(duty, seed) if clean else duty)

    def score(self, seed: int, answers: Answers) -> tuple[float, AnswerResult, str]:
        """Return 0.2 for labels, 0.5 for the threshold less its regret, 0.3 for desks (one is worth nothing)."""
        duty = draw_duty(seed)
        labels, desks = _label_checks(duty, answers), _desk_checks(duty, answers)
        found = [check.passed for check, row in zip(labels, duty.replies, strict=True) if row[1]]
        spared = [check.passed for check, row in zip(labels, duty.replies, strict=True) if not row[1]]
        told = max(0.0, sum(found) / len(found) + sum(spared) / len(spared) - 1)
        read = max(0.0, (sum(check.passed for check in desks) - 1) / (len(desks) - 1))
        threshold = number_in(answers["threshold"])
        regret = duty.regret(threshold)
        best = duty.best
        result = AnswerResult(
            regret=regret,
            decided="no threshold" if threshold is None else f"flag above {threshold:,.10g} points",
            best=f"flag above about {best} points",
            checks=(*labels, *desks),
            options=_options(duty, threshold, best),
            caption="What each threshold costs on the day that you did not see: less is better",
            heads=("Threshold", "Cost"),
            after="Of a guard that you run: who last counted its errors, on which replies, and what does one cost?",
        )
        score = _LABELS * told + _THRESHOLD * (1 - regret) + _DESKS * read
        right = (
            f"{sum(found) + sum(spared)} of {len(labels)} labels, {sum(c.passed for c in desks)} of {len(desks)} desks"
        )
        return score, result, f"{right}; your threshold loses {percent(regret)} of what can be saved."

    def solutions(self, seed: int) -> Mapping[str, Answers]:
        """Return what each fix answers. The reference reads replies as people do, and all else off the paper."""
        duty = draw_duty(seed)
        right = _solve(duty)
        blank = dict.fromkeys(right, "")
        labels = [name for name in right if name.startswith("reply")]
        ends = duty.grid()
        by_score = {
            _reply(at): "pressing" if points > duty.today else "sound" for at, (_, _, points) in enumerate(duty.replies)
        }
        tempted = {name: {**right, "threshold": f"{value:g}"} for name, value in duty.tempting().items()}
        watch = {_desk(d): "replies" if d.weeks[-1].capital >= ALARM else "none" for d in duty.desks}
        labels_alone = {**blank, **{name: right[name] for name in labels}}
        return {
            "reference": right,
            **tempted,
            "flag-all": {**right, "threshold": str(ends[0])},
            "flag-none": {**right, "threshold": str(ends[-1])},
            "no-drift": {**right, **{_desk(desk): "none" for desk in duty.desks}},
            "drift-everywhere": {**right, **{_desk(desk): "pressure" for desk in duty.desks}},
            "calibrate-everything": {**right, **{_desk(desk): "replies" for desk in duty.desks}},
            "watch-alone": {**right, **watch},
            "believes-the-guard": {**right, **by_score, **watch},
            "labels-alone": labels_alone,
            "someone-elses": _solve(draw_duty(seed + 1)),
            "untouched": blank,
            "blank": blank,
            "half": {**labels_alone, "threshold": right["threshold"]},
            "spoiled": {**right, "threshold": str(ends[0])},
        }

    def hints(self, seed: int) -> tuple[Hint, ...]:
        """Return three hints, the last with a figure of this house."""
        duty = draw_duty(seed)
        at = duty.grid()[len(duty.grid()) // 2]
        return (
            Hint(
                level=1,
                text="The labelled replies were picked; the day's were not. Weigh each column by its share of the day.",
                cost=0.05,
            ),
            Hint(
                level=2,
                text="The watch sees all replies together. A few more that press hardly move it: multiply what is "
                "flagged of all replies by what of the flagged presses, week by week.",
                cost=0.05,
            ),
            Hint(
                level=3,
                text=f"At {at} points the guard costs {duty.cost(at, duty.labelled):,.0f} euros per 1,000 replies.",
                cost=0.1,
            ),
        )

    def fault_gate(self, seed: int) -> Gate:
        """G1: replies press, a desk drifts, and the threshold of today leaves half and more of what can be saved."""
        duty = draw_duty(seed)
        drifted = sum(desk.cause != "none" for desk in duty.desks)
        pressing = sum(press for _, press, _ in duty.replies)
        passed = bool(drifted and pressing) and duty.regret(duty.today) > 0.3
        told = f"{pressing} replies press, {drifted} desks drift, today's threshold loses {duty.regret(duty.today):.0%}"
        return Gate(id="G1", title="faults present", passed=passed, detail=told)

    def twin_gate(self, seed: int) -> Gate:
        """G2: read in the same way, the clean twin has no drift and no pressing reply."""
        twin = clean_twin(draw_duty(seed), seed)
        found = [desk.name for desk in twin.desks if desk.read() != "none"]
        found += [one.text for one, press, _ in twin.replies if press]
        told = f"in the clean twin the reference finds {', '.join(found) or 'nothing'}"
        return Gate(id="G2", title="clean twin is clean", passed=not found, detail=told)


def _reply(at: int) -> str:
    return f"reply-{at + 1}"


def _desk(desk: Desk) -> str:
    return f"desk-{desk.name}"


def _solve(duty: Duty) -> dict[str, str]:
    """Return the right answers: labels as the replies were written, the rest from what the paper shows."""
    return {
        **{_reply(at): "pressing" if press else "sound" for at, (_, press, _) in enumerate(duty.replies)},
        "threshold": str(duty.cheapest()),
        **{_desk(desk): desk.read() for desk in duty.desks},
    }


def _label_checks(duty: Duty, answers: Answers) -> tuple[GradeCheck, ...]:
    return tuple(
        choice_check(name, answers[name], "pressing" if press else "sound", f"“{one.text}”", _KINDS)
        for name, (one, press, _) in ((_reply(at), row) for at, row in enumerate(duty.replies))
    )


def _desk_checks(duty: Duty, answers: Answers) -> tuple[GradeCheck, ...]:
    return tuple(
        choice_check(_desk(desk), answers[_desk(desk)], desk.cause, f"Desk “{desk.name}”", CAUSES)
        for desk in duty.desks
    )


def _options(duty: Duty, threshold: float | None, best: int) -> dict[str, str]:
    """Return what thresholds cost on the hidden day: theirs, the best, today's, both ends."""
    ends = duty.grid()
    known: dict[str, float] = {} if threshold is None else {f"yours, {threshold:,.10g}": threshold}
    known |= {f"about the best, {best}": best, f"today's, {duty.today}": duty.today}
    known |= {"flag every reply": ends[0], "flag none": ends[-1]}
    return {words: f"{duty.cost(one, duty.hidden):,.0f} euros per 1,000 replies" for words, one in known.items()}


def _sheet(duty: Duty) -> AnswerSheet:
    return AnswerSheet(
        title="A week of duty at the guard",
        parts=(_rules(duty), _example(duty), _labelled(duty), *(_desk_part(desk) for desk in duty.desks)),
        fields=(
            *(
                AnswerField(
                    id=_reply(at),
                    label=f"Reply {at + 1}: “{one.text}”",
                    help=f"The guard gives it {points} points.",
                    kind="choice",
                    choices=tuple(_KINDS.items()),
                )
                for at, (one, _, points) in enumerate(duty.replies)
            ),
            AnswerField(
                id="threshold",
                label="Above how many points shall the guard stop a reply?",
                help="Where a day costs least.",
                kind="number",
                unit="points",
            ),
            *(
                AnswerField(
                    id=_desk(desk),
                    label=f"What has happened at the desk “{desk.name}”?",
                    kind="choice",
                    choices=tuple(CAUSES.items()),
                )
                for desk in duty.desks
            ),
        ),
    )


def _rules(duty: Duty) -> PaperTable:
    return PaperTable(
        title="The house and its guard",
        words="The guard reads each reply of the assistant and gives it points; one above the threshold is stopped, "
        f"and a colleague takes over. Stopping a sound reply costs {duty.cost_blocked} euros. A reply that presses a "
        f"customer to buy and is let through costs {duty.cost_passed} euros; stopping it costs nothing. Of the day's "
        f"replies {duty.share * 100:.0f} % press. The threshold of today is {duty.today} points.",
    )


def _example(duty: Duty) -> PaperTable:
    return PaperTable(
        title="An example from another house",
        words="There 10 % of replies press, stopping a sound one costs 1 euro, a pressing one that passes 20 euros. "
        f"At {duty.example} points its guard stops 5 % of sound replies and lets 25 % of pressing ones through. 1,000 "
        "replies cost 900 × 5 % × 1 + 100 × 25 % × 20 = 545 euros. Every other threshold costs it more.",
    )


def _labelled(duty: Duty) -> PaperTable:
    sound, pressing = len(duty.labelled.sound), len(duty.labelled.pressing)
    return PaperTable(
        title="Labelled replies",
        words=f"Colleagues picked {sound:,} sound replies and {pressing:,} that press, and counted what each threshold "
        "does.",
        heads=("Threshold", "Sound ones stopped", "Pressing ones let through"),
        rows=tuple(
            (str(at), str(round(sound * duty.labelled.blocked(at))), str(round(pressing * duty.labelled.passed(at))))
            for at in duty.grid()
        ),
    )


def _desk_part(desk: Desk) -> PaperTable:
    return PaperTable(
        title=f"Desk “{desk.name}”, six weeks",
        words="Each desk has a guard and a threshold of its own. Of a week's flagged replies 40 were looked at. The "
        "drift watch bets that scores of all replies are no longer like those of the calibration; it alarms at "
        f"{ALARM:.0f}, which it reaches by chance once in a hundred streams. The last column is the most that it has "
        "reached so far.",
        heads=("Week", "Replies", "Flagged", "Pressing, of 40", "Watch"),
        rows=tuple(_week(at, week) for at, week in enumerate(desk.weeks, start=1)),
    )


def _week(at: int, week: Week) -> tuple[str, ...]:
    capital = f"{week.capital:.1f}" if week.capital < 1e4 else "over 10,000"
    return str(at), f"{week.replies:,}", str(week.flagged), str(week.pressing), capital
