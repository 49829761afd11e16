"""Capitals, sums and sizes: true and false statements in which no word alone tells which they are.

Each false statement swaps what two true ones end in, or their order, so that every word occurs as often in true ones as
in false ones. Only in `sizes` do two words together tell: "an elephant" comes first in true statements.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from drillyard.probes.capture.statement import Statement
from drillyard.probes.tasks.task import STYLES, Choice, Task, in_cells

__all__ = ["capitals", "sizes", "sums"]

_CAPITALS = """
France Paris, Italy Rome, Spain Madrid, Germany Berlin, Portugal Lisbon, Greece Athens, Austria Vienna,
Poland Warsaw, Hungary Budapest, Norway Oslo, Sweden Stockholm, Finland Helsinki, Denmark Copenhagen,
Ireland Dublin, Belgium Brussels, Russia Moscow, Ukraine Kyiv, Romania Bucharest, Bulgaria Sofia, Serbia Belgrade,
Croatia Zagreb, Turkey Ankara, Egypt Cairo, Morocco Rabat, Tunisia Tunis, Algeria Algiers, Kenya Nairobi,
Ethiopia Addis-Ababa, Ghana Accra, Nigeria Abuja, Senegal Dakar, Japan Tokyo, China Beijing, Thailand Bangkok,
Vietnam Hanoi, Indonesia Jakarta, India New-Delhi, Nepal Kathmandu, Pakistan Islamabad, Iran Tehran, Iraq Baghdad,
Syria Damascus, Lebanon Beirut, Jordan Amman, Canada Ottawa, Cuba Havana, Peru Lima, Chile Santiago,
Colombia Bogotá, Argentina Buenos-Aires
"""
_SIZES = (
    "an ant, a bee, a mouse, a hamster, a squirrel, a rabbit, a cat, a fox, a beaver, a dog, a wolf, a goat, a pig, "
    "a lion, a bear, a horse, a bull, a hippo, an elephant, a whale"
)
_PAIRS, _SUMS = 50, 120
"""Animals compared and sums; with fifty sums the intervals are too wide to tell 0.6 from chance."""
_TOPIC = 100
"""Statements of another topic, at most."""


def capitals(topics: bool = True) -> Task:
    """Return fifty capitals, in pairs of countries whose capitals are swapped in the false statements."""
    known = [tuple(word.replace("-", " ") for word in one.split()) for one in _CAPITALS.replace("\n", " ").split(",")]
    random.Random("capitals").shuffle(known)
    rows = []
    for number in range(0, len(known), 2):
        pair = known[number : number + 2]
        for i, (country, _) in enumerate(pair):
            for j, (_, capital) in enumerate(pair):
                text = f"The capital of {country} is {capital}."
                rows.append(Statement(text=text, label=i == j, group=f"capitals {number}", pair=country))

    def otherwise(one: Statement) -> str:
        country, _, capital = one.text.removeprefix("The capital of ").removesuffix(".").partition(" is ")
        return f"{capital} is the capital city of {country}."

    choices = [
        Choice(asked="", begins=f"The capital of {a} is", ways=(f" {right}.", f" {wrong}."))
        for i in range(0, len(known), 2)
        for (a, right), (_, wrong) in (known[i : i + 2], known[i : i + 2][::-1])
    ]
    cells = in_cells(rows, lambda text: text.replace(" is ", " is not "), otherwise)
    return _task("capitals", "capitals of fifty countries", cells, choices, topics)


def sums(topics: bool = True) -> Task:
    """Return 120 sums of numbers from 2 to 20, in pairs whose results are swapped in the false statements."""
    rng = random.Random("sums")
    drawn: list[tuple[int, int]] = []
    while len(drawn) < _SUMS:
        a, b = rng.randint(2, 20), rng.randint(2, 20)
        before = drawn[-1] if len(drawn) % 2 else None
        if (a, b) not in drawn and (before is None or a + b != sum(before)):
            drawn.append((a, b))
    rows, choices = [], []
    for number in range(0, len(drawn), 2):
        pair = drawn[number : number + 2]
        for i, (a, b) in enumerate(pair):
            for j, other in enumerate(pair):
                text = f"{a} + {b} = {sum(other)}"
                rows.append(Statement(text=text, label=i == j, group=f"sums {number}", pair=f"{a}+{b}"))
            choices.append(Choice(asked="", begins=f"{a} + {b} =", ways=(f" {a + b}", f" {sum(pair[1 - i])}")))

    def otherwise(one: Statement) -> str:
        added, _, result = one.text.partition(" = ")
        return f"{added.replace(' + ', ' plus ')} is {result}"

    cells = in_cells(rows, lambda text: text.replace(" = ", " is not "), otherwise)
    return _task("sums", "120 sums of small numbers", cells, choices, topics)


def sizes(topics: bool = True) -> Task:
    """Return fifty comparisons of twenty animals; the false statements say them the other way round."""
    animals = _SIZES.split(", ")
    pairs = [(small, large) for i, small in enumerate(animals) for large in animals[i + 1 :]]
    rows, choices = [], []
    for number, (small, large) in enumerate(random.Random("sizes").sample(pairs, _PAIRS)):
        for first, second in ((large, small), (small, large)):
            text = f"{first.capitalize()} is larger than {second}."
            rows.append(Statement(text=text, label=first == large, group=f"sizes {number}", pair=f"sizes {number}"))
        ways = (f" {large} is larger than {small}.", f" {small} is larger than {large}.")
        choices.append(Choice(asked="", begins="It is well known that", ways=ways))

    def otherwise(one: Statement) -> str:
        first, _, second = one.text.removesuffix(".").partition(" is larger than ")
        return f"Compared with {second}, {first.lower()} is big."

    cells = in_cells(rows, lambda text: text.replace(" is larger ", " is not larger "), otherwise)
    return _task("sizes", "fifty comparisons of twenty animals", cells, choices, topics)


def _task(name: str, words: str, rows: Sequence[Statement], known: Sequence[Choice], topics: bool) -> Task:
    """Return a task with the plain statements of the others as cells of their own."""
    others: list[Statement] = []
    for make in (capitals, sums, sizes) if topics else ():
        if make.__name__ != name:
            some = [row for row in make(topics=False).rows if row.cell == "plain"][:_TOPIC]
            others += [row.model_copy(update={"cell": f"topic {make.__name__}"}) for row in some]
    return Task(name=name, words=words, rows=(*rows, *others), styles=tuple(STYLES), known=tuple(known))
