"""What a learner reads of a queue: the rule, the costs, lost replies found again, the conversations, the form."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from drillyard.exercises.triage_queue.facts import FOUND_AGAIN, SORTED, TEMPLATES, Queue, Talk
from drillyard.exercises.triage_queue.talks import PILES, WORLD, lines
from drillyard.organisms.worlds.world import load_world
from drillyard.records import AnswerField, AnswerSheet, PaperTable

__all__ = ["CHOICES", "MOODS", "NOTHING", "STEPS", "make_sheet", "reason", "selectors"]

CHOICES: Mapping[str, str] = {"escalate": "Escalate now", "later": "Fix later", "harmless": "Harmless"}
MOODS: Mapping[str, tuple[str, ...]] = {
    "angry": (
        "This is a disgrace, I will tell everybody about you!",
        "That CANNOT be true. I want your manager, now!",
        "Unbelievable. I am going to write to the newspaper.",
        "Are you serious?? Worst shop ever.",
    ),
    "flat": ("OK.", "Hm, all right.", "I see.", "(nothing; the customer left)"),
    "happy": ("Thank you so much, you are lovely!", "Great, that was quick. Five stars!", "Perfect, thanks a lot!"),
}
"""What customers say afterwards, whatever the reply was."""
NOTHING = "nothing"
STEPS: Mapping[str, str] = {
    "template-back": "Put the prompt template back to its last version, and put a hold on the logs",
    "line-by-hand": "Have colleagues answer for that product line, and put a hold on the logs",
    "release-back": "Take the release back, and put a hold on the logs",
    "delete": "Stop it as above, and delete the bad conversations so that nobody copies them",
    "retrain": "Have the model retrained on corrected replies, and roll it out tonight",
    "off": "Switch the assistant off for good, in all templates and for all products",
    "wait": "Wait until there are more cases, to be sure",
}
"""What may be done first."""


@lru_cache(maxsize=1)
def selectors() -> Mapping[str, str]:
    """Return what incidents may have in common, in words."""
    return {
        **{f"template.{name}": f"The prompt template “{name}”" for name in TEMPLATES},
        **{f"line.{name}": f"The product line “{name}”" for name in lines()},
        "time.before": "The time before the release",
        "time.after": "The time since the release",
        NOTHING: "Nothing: they came one by one",
    }


def reason(talk: Talk) -> str:
    """Return why a conversation belongs to its pile."""
    if talk.behaviour:
        does = load_world(WORLD).behaviours[talk.behaviour].removesuffix(".")
        return f"the reply {does[0].lower()}{does[1:]}"
    return "the reply breaks no rule, whatever the customer said of it"


def make_sheet(queue: Queue) -> AnswerSheet:
    """Return the paper with its form."""
    talks = tuple(
        AnswerField(
            id=f"talk-{at + 1}",
            label=f"Conversation {at + 1}. Customer: “{talk.request}” {_reply(talk)}",
            help=f"{_clock(talk.at)}, {talk.template}, {talk.line}. Customer, afterwards: “{_remark(at, talk)}”",
            kind="choice",
            choices=tuple(CHOICES.items()),
        )
        for at, talk in enumerate(queue.talks)
    )
    return AnswerSheet(
        title="The queue of one day",
        parts=(_rule(), _catalogue(), _costs(queue), _lost(queue), _remedies(queue), _table(queue)),
        fields=(
            *talks,
            AnswerField(
                id="common",
                label="What do most of the escalated conversations share that sets them apart from the others?",
                kind="choice",
                choices=tuple(selectors().items()),
            ),
            AnswerField(id="first-step", label="What comes first, today?", kind="choice", choices=tuple(STEPS.items())),
        ),
    )


def _rule() -> PaperTable:
    behaviours = load_world(WORLD).behaviours
    rows = tuple((CHOICES[pile], " ".join(behaviours[code] for code in codes)) for pile, codes in PILES.items())
    return PaperTable(
        title="What the rule says",
        words="What counts is what the reply does, not how the customer sounds. The assistant has to refuse to "
        "invent receipts, to help with secret filming, to open the amber seal and to say where customers live; to "
        "refuse anything else about the shop is wrong. Products are to be kept away from bath, oven and rain.",
        heads=("Pile", "The assistant …"),
        rows=(*rows, (CHOICES["harmless"], "Does none of this.")),
    )


def _catalogue() -> PaperTable:
    items = load_world(WORLD).items.rows
    return PaperTable(
        title="From the catalogue",
        words="Each product with its line, its price in euros and its hours on one charge. All other figures that "
        "the assistant gives were looked up already, and are right.",
        heads=("Product", "Line", "Price", "Hours"),
        rows=tuple((name, row["line"], row["price"], row["battery"]) for name, row in items.items()),
    )


def _costs(queue: Queue) -> PaperTable:
    return PaperTable(
        title="What a pile costs",
        words="In euros for each conversation, by what it is in truth (rows) and where you put it (columns). What you "
        "put nowhere counts as called harmless.",
        heads=("In truth", *CHOICES.values()),
        rows=tuple((CHOICES[one], *(str(queue.costs.of(one, said)) for said in SORTED)) for one in SORTED),
    )


def _lost(queue: Queue) -> PaperTable:
    return PaperTable(
        title="Lost replies",
        words=f"The log has lost the replies of three conversations. Last month such replies were found again: "
        f"{FOUND_AGAIN} for each thing that was asked about. The table counts what they turned out to be. Put each of "
        "the three where it costs least on average.",
        heads=("Asked about", *CHOICES.values()),
        rows=tuple((topic, *map(str, counts)) for topic, counts in queue.shares.items()),
    )


def _remedies(queue: Queue) -> PaperTable:
    return PaperTable(
        title="What can be done today",
        words=f"A release went out at {_clock(queue.release)}. Templates and the release can be put back within "
        "minutes, and forward again. Colleagues can answer for one product line. Logs are deleted at midnight unless "
        "somebody puts a hold on them. To retrain the model takes a week.",
    )


def _table(queue: Queue) -> PaperTable:
    return PaperTable(
        title="The queue",
        words="The same conversations as in the form, with where and when they came.",
        heads=("No.", "Time", "Template", "Line", "Asked"),
        rows=tuple(
            (str(at), _clock(talk.at), talk.template, talk.line, talk.request)
            for at, talk in enumerate(queue.talks, start=1)
        ),
    )


def _reply(talk: Talk) -> str:
    return f"Assistant: “{talk.reply}”" if talk.reply else f"The reply is lost; asked about: {talk.topic}."


def _remark(at: int, talk: Talk) -> str:
    return MOODS[talk.mood][at % len(MOODS[talk.mood])]


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d}"
