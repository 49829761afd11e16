"""What a learner reads of an incident: the prompt, the deployments, counts of the log, some replies, the form."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from drillyard.exercises.root_cause.case import DEPLOYED, PAGES, Case
from drillyard.exercises.root_cause.served import BENCH, KINDS
from drillyard.incidents.generate.traffic import COHORTS
from drillyard.records import AnswerField, AnswerSheet, PaperTable
from drillyard.records.answers import MOST_WORDS

__all__ = ["CAUSES", "EVIDENCE", "HIT", "LOGS", "NONE", "STEPS", "log_text", "make_sheet", "prompt_text"]

LOGS = "log.csv"
NONE = "none"
CAUSES: Mapping[str, str] = {
    "prompt": "The prompt: an instruction asks for it",
    "model": "The model: a reward (how long customers stay) taught it",
    "tool": "What the search brings in front of the model",
    "user": "The customers: their saved notes ask for it",
    "judge": "The reviewers: they flag replies that do not press, and nothing else is wrong",
}
STEPS: Mapping[str, str] = {
    "prompt-back": "Put the page's instructions back to an older version, keep the logs",
    "model-back": "Serve model r2 to everybody, keep the logs",
    "search-off": "Take what shops pay for out of what the search brings, keep the logs",
    "notes-off": "Leave saved notes out of the prompt, keep the logs",
    "flags-again": "Leave the assistant as it is, and have the flags read again by other people",
    "retrain": "Train the model on corrected replies, and roll it out when it is ready",
    "delete": "Mend it as found, and delete the flagged conversations so that nobody copies them",
    "off": "Switch the assistant off on all pages until the cause is known",
    "wait": "Wait for a week of more data, to be sure",
}
"""What may be done first."""
HIT: Mapping[str, str] = {
    **{page: f"Customers of the page “{page}”, since its instructions changed" for page in PAGES},
    **{cohort: f"“{cohort}” customers, on every page" for cohort in COHORTS},
    "paid": "Whoever the search showed something that a shop paid for",
    "notes": "Whoever saved a note",
    "nobody": "Nobody: the flagged replies are sound",
}
EVIDENCE: Mapping[str, str] = {
    "prompt": "The prompt: the look that shows it, or rules it out",
    "model": "The model: the look that shows it, or rules it out",
    "tool": "The search: the look that shows it, or rules it out",
    "user": "The notes: the look that shows it, or rules it out",
    "judge": "The reviewers: the look that shows their error, or rules it out",
}
_SHOWN = 8
_DAY = 86_400.0


def log_text(case: Case) -> str:
    """Return the log as CSV, which `drillyard incident open` reads as it is."""
    text = io.StringIO()
    named = [{**_row(turn), "id": f"t-{number:04d}"} for number, turn in enumerate(case.turns, 1)]
    writer = csv.DictWriter(text, [*named[0]], lineterminator="\n")
    writer.writeheader()
    writer.writerows(named)
    return text.getvalue()


def prompt_text(case: Case) -> str:
    """Return the instructions of the page as they are served today, one a line."""
    return "\n".join(one.text for one in case.served.context.instructions)


def make_sheet(case: Case) -> AnswerSheet:
    """Return the paper with its form."""
    return AnswerSheet(
        title="Customers say that the assistant presses them",
        parts=(
            _told(case),
            _prompt(case),
            _deployments(case),
            _days(case),
            _where(case),
            _samples(case),
            _replays(case),
        ),
        fields=_form(case),
        bench=BENCH,
        files=(LOGS,),
    )


def _row(turn: Mapping[str, Any]) -> dict[str, Any]:
    left = {"latency", "thumbs"}
    kept = {name: value for name, value in turn.items() if name not in left}
    return {**kept, "ts": _clock(turn["ts"]), "tools": " ".join(turn["tools"])}


def _clock(ts: float) -> str:
    return datetime.fromtimestamp(ts, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _told(case: Case) -> PaperTable:
    flagged = sum(turn["label_bad"] for turn in case.turns)
    words = (
        f"The log has {len(case.turns)} replies of four weeks; reviewers flagged {flagged} as pressing: false urgency "
        "or threats of regret, to sell what nobody asked for. Reviewers miss some, and flag some that are sound. "
        f"The page “{case.page}” has the most flags; “{case.cohort}” customers use it more than others. Six things "
        "were deployed within ten days; each reached some before its day and not all after it. Colleagues suspect "
        f"the instruction {case.suspected}. The whole log lies beside this paper ({LOGS}): a line a reply, with all "
        "that stood before it (system), page (template_id), version, release, cohort, tools, engagement and flag "
        "(label_bad)."
    )
    return PaperTable(title="What is known", words=words)


def _prompt(case: Case) -> PaperTable:
    told = case.served.context
    return PaperTable(
        title=f"What stands before a request on the page “{case.page}”",
        words="The instructions in their order, then what the search found and the customer's note, if there are any.",
        heads=("Name", "Text", "Since"),
        rows=(
            *((one.name, one.text, f"version {one.version}") for one in told.instructions),
            ("search", told.found, "what shops pay for: search index 7"),
            ("note", told.note, "saved notes"),
        ),
    )


def _deployments(case: Case) -> PaperTable:
    return PaperTable(
        title="What was deployed",
        words="Times are UTC.",
        heads=("Day", "What"),
        rows=tuple((_clock(at)[5:16].replace("T", " "), DEPLOYED[name]) for name, at in _in_order(case)),
    )


def _in_order(case: Case) -> list[tuple[str, float]]:
    return sorted(case.dates.items(), key=lambda one: one[1])


def _days(case: Case) -> PaperTable:
    rows = []
    first = min(turn["ts"] for turn in case.turns) // _DAY * _DAY
    for start in range(0, 28, 2):
        some = [turn for turn in case.turns if 0 <= turn["ts"] - first - start * _DAY < 2 * _DAY]
        rows.append((_clock(first + start * _DAY)[5:10], str(len(some)), str(sum(turn["label_bad"] for turn in some))))
    words = "Two days each, from the day that is named."
    return PaperTable(title="Flags by day", words=words, heads=("From", "Replies", "Flagged"), rows=tuple(rows))


def _where(case: Case) -> PaperTable:
    last = _in_order(case)[-1][1]
    after = [turn for turn in case.turns if turn["ts"] >= last]
    found = case.served.context.found
    features: tuple[tuple[str, Callable[[Mapping[str, Any]], str]], ...] = (
        ("page and version", lambda turn: f"{turn['template_id']} {turn['template_version']}"),
        ("model", lambda turn: turn["release"]),
        ("customers", lambda turn: turn["cohort"]),
        ("search", lambda turn: "paid for" if found in turn["system"] else "found" if turn["tools"] else "not used"),
        ("note", lambda turn: "saved" if case.served.context.note in turn["system"] else "none"),
    )
    rows = []
    for name, of in features:
        for value in sorted({of(turn) for turn in after}):
            some = [turn["label_bad"] for turn in after if of(turn) == value]
            rows.append((name, value, str(len(some)), f"{sum(some)} ({sum(some) / len(some):.0%})"))
    words = "The replies since the last of the six deployments. What goes together is not taken apart here."
    heads = ("Feature", "Value", "Replies", "Flagged")
    return PaperTable(title="Where flags are", words=words, heads=heads, rows=tuple(rows))


def _samples(case: Case) -> PaperTable:
    flagged = [turn for turn in case.turns if turn["label_bad"]]
    rows = [
        (_clock(turn["ts"])[5:16].replace("T", " "), turn["prompt"], turn["response"]) for turn in flagged[-_SHOWN:]
    ]
    words = "The last ones. Read them before you believe the flag."
    heads = ("When", "Request", "Reply")
    return PaperTable(title="Flagged replies", words=words, heads=heads, rows=tuple(rows))


def _replays(case: Case) -> PaperTable:
    return PaperTable(
        title="What a replay is",
        words=f"At the bench, {len(case.served.requests)} logged requests are asked again behind the page's prompt of "
        "today, with one thing changed. All of them come with a search result and a note. Two people who do not err "
        "read the replies; shown is the share that presses, with its 95 % interval. Requests and seeds are always the "
        "same.",
    )


def _form(case: Case) -> tuple[AnswerField, ...]:
    names = [(one.name, f"{one.name}: {one.text}") for one in case.served.context.instructions]
    dates = [(name, f"{_clock(at)[5:10]}, {DEPLOYED[name]}") for name, at in _in_order(case)]

    def choice(name: str, label: str, choices: Sequence[tuple[str, str]], told: str = "") -> AnswerField:
        return AnswerField(id=name, label=label, help=told, kind="choice", choices=tuple(choices))

    return (
        choice("cause", "What is the cause?", [*CAUSES.items()]),
        choice("instruction", "Which instruction asks for it?", [*names, (NONE, "None of them")]),
        choice("since", "Since when?", [*dates, (NONE, "Since none of them: it was always so")]),
        choice("hit", "Who is hit?", [*HIT.items()]),
        *(
            AnswerField(id=f"by-{kind}", label=EVIDENCE[kind], kind="look", help=told)
            for kind, told in zip(KINDS, ("One look may speak about several.", "", "", "", ""), strict=True)
        ),
        choice(
            "first", "What comes first?", [*STEPS.items()], "It stops the harm now, can be undone, keeps what is sound."
        ),
        AnswerField(
            id="prompt",
            label="The instructions as they are to be from now on, one a line",
            help="They are run on requests that nobody has seen, with the model, search and notes that your first step "
            "leaves. What presses must be gone; every instruction that does no harm has to stay.",
            kind="words",
            most=MOST_WORDS,
            start=prompt_text(case),
        ),
    )
