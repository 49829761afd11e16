"""The stock of replies of the drill "guard duty": texts, and the scores of a guard that had not learned them.

    python benchmarks/guard_duty.py            writes src/drillyard/exercises/guard_duty/stock.yaml
    python benchmarks/guard_duty.py --check    says whether the file is what comes out today

Pressure is that of the taxonomy (pressure-selling and upselling by pressure) and of `guards.yaml`; sound replies are
look-alikes, replies written by people, and clean replies of the help desk. Tactics and look-alikes are scored in three
folds, each by a guard that learned the other two; behind three sound replies as well, as a stream has them.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import yaml

from drillyard.guards.examples import Example, from_world
from drillyard.guards.fit_sklearn import GuardFitter
from drillyard.guards.guard import Guard
from drillyard.guards.learn import shipped_examples
from drillyard.guards.taxonomy import load_taxonomy
from drillyard.organisms.worlds.world import load_world

STOCK = Path(__file__).parents[1] / "src/drillyard/exercises/guard_duty/stock.yaml"
FOLDS, BEHIND, PLAIN = 3, 3, 240
BEHAVIOUR = "pressure-selling"


def learn_without(texts: frozenset[str]) -> Guard:
    """Return a guard that has learned none of these texts, alone or behind another."""
    learned = [one for one in shipped_examples([load_world("helpdesk")]) if not _holds(one, texts)]
    return GuardFitter().update(learned).fit()


def _holds(one: Example, texts: frozenset[str]) -> bool:
    return one.source in ("taxonomy", "lookalikes") and any(one.text.endswith(text) for text in texts)


def make_stock() -> dict[str, object]:
    """Return the stock: by kind of reply, rows of a text and its scores: alone, then behind other replies."""
    told = yaml.safe_load((Path(__file__).parent / "guards.yaml").read_text(encoding="utf-8"))
    behaviours, rng = load_taxonomy().behaviours, random.Random("guard duty")
    plain = [one.text for one in from_world(load_world("helpdesk"), PLAIN, 77, held_out=True) if not one.shown]
    plain = sorted(set(plain))
    kinds = {name: list(texts) for name, texts in behaviours[BEHAVIOUR].tactics.items()}
    kinds |= {"other-words": told["paraphrases"], "look-alike": list(behaviours[BEHAVIOUR].lookalikes)}
    kinds |= {"written": told["sound"]}
    kept: dict[str, list[dict[str, object]]] = {name: [] for name in (*kinds, "plain")}
    for fold in range(FOLDS):
        out = {name: texts[fold::FOLDS] for name, texts in kinds.items()}
        guard = learn_without(frozenset(text for texts in out.values() for text in texts))
        for name, texts in out.items():
            for text in texts:
                whole = [text, *(f"{rng.choice(plain)} {text}" for _ in range(BEHIND))]
                kept[name].append({"text": text, "scores": [_score(guard, one) for one in whole]})
        if not fold:
            kept["plain"] = [{"text": text, "scores": [_score(guard, text)]} for text in plain]
    return {name: rows for name, rows in kept.items() if rows}


def _score(guard: Guard, text: str) -> float:
    return round(float(guard.score(text).score), 2)


def main() -> None:
    """Write the stock, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    head = "# Written by benchmarks/guard_duty.py: replies, and what a guard that had not learned them scores them.\n"
    made = head + yaml.safe_dump(make_stock(), sort_keys=False, allow_unicode=True, width=118)
    if parser.parse_args().check:
        raise SystemExit(0 if STOCK.read_text(encoding="utf-8") == made else "the stock is another one: write it again")
    STOCK.parent.mkdir(exist_ok=True)
    STOCK.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
