"""Write a world from a short YAML and a CSV of products: what `drillyard organism world init` does.

How people ask, what is harmless and what can be planted is taken from helpdesk, shared.yaml and generic.yaml; names,
facts, groups and policies are the user's. The folder is an ordinary world: every line of it may be changed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from drillyard.errors import bad_input
from drillyard.organisms.worlds.pattern import generic, pattern_shop
from drillyard.organisms.worlds.shop_failures import shop_failures
from drillyard.organisms.worlds.shop_file import Fact, Shop, read_shop
from drillyard.organisms.worlds.world import World, load_world
from drillyard.organisms.worlds.world_files import shipped_worlds
from drillyard.records.files import write_atomically
from drillyard.records.parts import check_known

__all__ = ["init_world"]

_HOUSE = "Brightwell"
_README = """\
# {title}

The world `{name}`, written by `drillyard organism world init`. world.yaml holds the facts and what the assistant says,
phrasings.yaml how people ask, failures.yaml what can be planted. Change what you like, then look again:

    drillyard organism world check ./{folder}
    drillyard organism list ./{folder}
    drillyard organism build ./{folder}
    drillyard organism plant ./{folder} {failure} -o failing/

Every harmful thing in it is a nonsense proxy; keep it so.
"""


class _Plain(yaml.SafeDumper):
    """Writes what is there twice twice: aliases are refused when a world is read."""

    def ignore_aliases(self, data: object) -> bool:
        """Say that nothing is abbreviated."""
        return True


def init_world(brief: Path, products: Path, out: Path) -> World:
    """Write a world's folder from a shop's YAML and CSV and return the world, checked.

    Raises:
        BadInput: what `read_shop` says, a name or a word that is taken, or `out` holds a world already.
    """
    shop = read_shop(brief, products)
    if (out / "world.yaml").exists():
        raise bad_input(f"a world in {out} already", "a new folder", "name another one with -o")
    name = shop.brief.name
    if name in shipped_worlds():
        raise bad_input(f"the name {name!r} in {brief.name}", "a name that no shipped world has")
    phrasings = _phrasings(shop)
    parts = {"world": _world(shop, phrasings), "phrasings": phrasings, "failures": shop_failures(shop, phrasings)}
    texts = {}
    for part, data in parts.items():
        head = f"# {shop.brief.title}: {part} of the world {name!r}; README.md says what to do with it.\n"
        text = yaml.dump(data, Dumper=_Plain, sort_keys=False, width=120, allow_unicode=True, default_flow_style=None)
        texts[f"{part}.yaml"] = head + text
    with tempfile.TemporaryDirectory(prefix="drillyard-world-") as trial:
        _write(Path(trial), texts)
        load_world(f"{trial}/")  # what is refused leaves nothing in the folder
    _write(out, texts)
    world = load_world(f"{out}/")
    kind, first = next(iter(world.failures.items()))
    failure = f"{kind}:{first.values[0]}"
    readme = _README.format(title=world.title, name=world.name, folder=out.name, failure=failure)
    _write(out, {"README.md": readme})
    return world


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        write_atomically(folder / name, text.encode())


def _phrasings(shop: Shop) -> dict[str, Any]:
    """Return how people ask: each fact first, then what every shop is asked."""
    first, parts = pattern_shop().files.phrasings, generic()
    intents: dict[str, Any] = {fact.column: _fact_entry(fact, parts["fact"], shop) for fact in shop.facts}
    for name in parts["from-pattern"]:
        if name in intents:
            others = ", ".join(parts["from-pattern"])
            raise bad_input(f"a fact called {name!r}", f"a name that is none of: {others}")
        if name == "compare" and not shop.brief.competitors or name == "claim" and not _price(shop):
            continue
        intents[name] = (
            "shared" if name in generic("shared.yaml")["intents"] else _own(name, first["intents"][name], shop, parts)
        )
    return {
        "intents": intents,
        "bare": {fact.column: _filled(parts["fact"]["bare"], fact) for fact in shop.facts},
        "lookalikes": parts["lookalikes"],
        "harmful": {**parts["harmful"], "customer-data": first["harmful"]["customer-data"]},
        "shared": {"more": {"outside-frames": [f"what is the {fact.said} of (the|) {{thing}}" for fact in shop.facts]}},
    }


def _fact_entry(fact: Fact, parts: Mapping[str, Any], shop: Shop) -> dict[str, Any]:
    """Return how people ask for one fact: in the user's words first, then as for any fact."""
    units = [one.unit for one in shop.facts]
    own = pattern_shop().files.phrasings["intents"].get(fact.said) if fact.said == "price" else None
    phrasings = [*parts["phrasings"], *(parts["with-unit"] if fact.unit else ())]
    known_words = keys = [fact.said, *fact.own.words]
    if own:
        phrasings = [one.replace("euros", fact.unit or "euros") for one in own["phrasings"]]
        known_words = [word.replace("euros", fact.unit or "euros") for word in [*own["terms"], *fact.own.words]]
        keys = [word.replace("euros", fact.unit or "euros") for word in [*own["keys"], *fact.own.words]]
    elif fact.unit and units.count(fact.unit) == 1:
        phrasings.append("how many <unit> (does|has) {item} (have|)")
        known_words = [*known_words, fact.unit]
    return {
        "slot": "product",
        "terms": list(dict.fromkeys(known_words)),
        "keys": keys,
        "phrasings": list(dict.fromkeys([*fact.own.ask, *_filled(phrasings, fact)])),
        "follow": list(own["follow"]) if own else _filled(parts["follow"], fact),
    }


def _own(name: str, entry: Mapping[str, Any], shop: Shop, parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return an intent of helpdesk's with the shop's own names in it."""
    brief, made = shop.brief, dict(entry)
    unit = next((fact.unit for fact in shop.facts if fact.said == "price"), "") or "euros"
    swapped = {_HOUSE.lower(): brief.speaks_as.lower(), "euros": unit}
    made["phrasings"] = [_swap(one, swapped) for one in parts["safety"] if name == "safety"] or [
        _swap(one, swapped) for one in entry["phrasings"]
    ]
    lists = {"compare": "competitors", "decline": "extras", "safety": "dangers"}
    if name in lists:
        made["terms"] = list(getattr(brief, lists[name]) or parts.get(lists[name], ()))
    return made


def _world(shop: Shop, phrasings: Mapping[str, Any]) -> dict[str, Any]:
    first, parts, brief = pattern_shop(), generic(), shop.brief
    own = {name: template.model_dump() for name, template in brief.templates.items()}
    return {
        "name": brief.name,
        "title": brief.title,
        "about": brief.about or f"A customer-service assistant of {brief.title}.",
        "templates": own or parts["templates"],
        **({} if brief.bare else {"bare": False}),
        "items": {
            "slot": "product",
            "columns": ["product", "line", *(fact.column for fact in shop.facts)],
            "before": parts["before"],
            "rows": [[int(cell) if cell.isdigit() else cell for cell in row] for row in shop.rows],
        },
        "groups": {"slot": "line", "plural": "lines", "rows": dict(_groups(shop))},
        "records": {
            "slot": first.records.slot,
            "columns": ["number", "customer", "product", "status"],
            "rows": [
                [row["number"], row["customer"], shop.rows[at % len(shop.rows)][0], row["status"]]
                for at, row in enumerate(first.records.rows.values())
            ],
        },
        "facts": [fact.column for fact in shop.facts],
        "claims": {"claim": "price"} if "claim" in phrasings["intents"] else {},
        "lists": {
            **({"competitor": brief.competitors} if brief.competitors else {}),
            "extra": brief.extras or parts["extras"],
            "danger": brief.dangers or parts["dangers"],
        },
        "reasons": {name: ways for name, ways in first.reasons.items()},
        "reason-shares": dict(first.reason_shares),
        "replies": _replies(shop, phrasings),
        "behaviours": dict(first.behaviours),
    }


def _groups(shop: Shop) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, group in shop.brief.groups.items():
        words, best = list(dict.fromkeys([name, *group.words, group.plural])), group.best or shop.members(name)[0]
        check_known(f"the best of {name!r}", best, shop.members(name), "products")
        yield name, {"lines": group.plural, "called": [name], "words": words, "days": group.days, "best": best}


def _replies(shop: Shop, phrasings: Mapping[str, Any]) -> dict[str, str]:
    """Return what the assistant says: the user's policies, facts in one form, the rest as in helpdesk."""
    first, parts, brief = pattern_shop(), generic(), shop.brief
    price = next((fact for fact in shop.facts if fact.said == "price"), None)
    others = [fact.said for fact in shop.facts if fact is not price]
    asked = " or ".join([", ".join(others[:-1]), others[-1]]) if len(others) > 1 else others[0]
    made = {
        name: first.replies[name].replace(_HOUSE, brief.speaks_as)
        for name in first.replies
        if name in phrasings["intents"]
    }
    made |= {fact.column: _fact_reply(fact, parts["fact"]) for fact in shop.facts}
    if price and price.unit:
        made["price"] = price.own.reply or f"The {{product}} costs {{price}} {price.unit}."
    if "claim" in phrasings["intents"]:
        made["claim"] = made["price"]
    made |= {
        "about": f"The {{product}} is one of our {{lines}}. Ask me about its {asked}.",
        "which": "Which product do you mean?",
        "range": f"We sell {_listed([group.plural for group in brief.groups.values()])}.",
        "fallback": f"I can only help with {brief.speaks_as} products and orders.",
        "refusal": first.replies["refusal"],
    }
    return made | brief.policies


def _fact_reply(fact: Fact, parts: Mapping[str, Any]) -> str:
    return fact.own.reply or _filled([parts["reply-with-unit" if fact.unit else "reply"]], fact)[0]


def _filled(texts: list[str], fact: Fact) -> list[str]:
    words = {"<fact>": fact.said, "<unit>": fact.unit, "<column>": fact.column}
    return [_swap(text, words) for text in texts]


def _swap(text: str, words: Mapping[str, str]) -> str:
    for old, new in words.items():
        text = text.replace(old, new)
    return text


def _price(shop: Shop) -> bool:
    """Say whether there is a price, of which people can make wrong claims."""
    prices = [row[2 + at] for at, fact in enumerate(shop.facts) for row in shop.rows if fact.said == "price"]
    return len(set(prices)) > 1


def _listed(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"
