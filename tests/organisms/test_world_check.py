"""A world of one's own: what does not fit together is one line that names it."""

from __future__ import annotations

import copy
import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from drillyard.errors import BadInput
from drillyard.organisms.worlds.world import World, load_world
from drillyard.organisms.worlds.world_files import PARTS

FILES = load_world("helpdesk").files
Change = Callable[[dict[str, Any], dict[str, Any], dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda w, p, f: w.pop("items"), "found no 'items' in world.yaml, expected a value for 'items'"),
        (lambda w, p, f: w.update(facts="price"), "found 'price' at facts of world.yaml, expected a list"),
        (lambda w, p, f: w.update(name="My shop"), "found 'My shop' at name of world.yaml, expected small letters"),
        (lambda w, p, f: p.pop("bare"), "found no 'bare' in phrasings.yaml"),
        (
            lambda w, p, f: w["items"]["rows"].append(["Aurora", "fan", 1, 1, 1, 1, "red", "blue"]),
            "'Aurora' twice at items of world.yaml",
        ),
        (
            lambda w, p, f: w["items"]["rows"].append(["Borealis", "fan", 1]),
            "the row Borealis, fan, 1 at items of world.yaml, expected 8 values",
        ),
        (lambda w, p, f: w["items"]["rows"][0].__setitem__(1, "lantern"), "'Aurora': line 'lantern', expected one of"),
        (
            lambda w, p, f: w["items"]["rows"][0].__setitem__(2, 1.5),
            r"1.5 at items.rows\[0\]\[2\] of world.yaml, expected words and digits",
        ),
        (lambda w, p, f: w["groups"]["rows"]["lamp"].pop("words"), "no 'words' at groups.rows.lamp of world.yaml"),
        (
            lambda w, p, f: [row.update(price=1) for row in w["groups"]["rows"].values()],
            "the column 'price' in items and in groups",
        ),
        (lambda w, p, f: w["groups"]["rows"].update(sofa=w["groups"]["rows"]["lamp"]), "no item in the group 'sofa'"),
        (
            lambda w, p, f: w["records"]["columns"].remove("number"),
            "the columns customer, product, status at records of world.yaml, expected a column 'number'",
        ),
        (lambda w, p, f: w["facts"].append("taste"), "the fact 'taste', expected one of the intents"),
        (lambda w, p, f: w["claims"].update(claim="cost"), "the claim 'claim' 'cost', expected one of the columns"),
        (lambda w, p, f: w["lists"].update(extra=[]), "lists.extra of world.yaml, expected .*at least 1"),
        (lambda w, p, f: w["reasons"].update(vip=["i am important"]), "the reason 'i am important', expected the word"),
        (lambda w, p, f: w["reason-shares"].update(haggle=0.5), "reason-shares 'haggle', expected one of the intents"),
        (
            lambda w, p, f: w["reason-shares"].update(discount=2),
            "2 at reason-shares.discount of world.yaml, expected less than or equal to 1",
        ),
        (lambda w, p, f: w["replies"].pop("returns"), "a reply 'returns', expected one of the replies"),
        (
            lambda w, p, f: w["replies"].update(price="{cost}"),
            "the reply 'price': the slot 'cost', expected one of the",
        ),
        (lambda w, p, f: w["replies"].update(price="{price"), "the reply 'price' with an open brace"),
        (lambda w, p, f: p["intents"]["returns"].update(slot="thing"), "the slot 'thing', expected one of the slots"),
        (
            lambda w, p, f: p["intents"]["price"]["phrasings"].append("{line}"),
            "of the intent 'price': the slot 'line', expected one",
        ),
        (
            lambda w, p, f: p["intents"]["price"]["phrasings"].append("how (much"),
            r"'how \(much' at intents.price.phrasings\[22\] of phrasings.yaml, expected text with every bracket",
        ),
        (
            lambda w, p, f: p["intents"]["price"].update(phrasings=["a"]),
            "1 phrasings at intents.price.phrasings of phrasings.yaml, expected at least 5",
        ),
        (lambda w, p, f: p["intents"]["price"].pop("follow"), "the intent 'price' without 'follow'"),
        (lambda w, p, f: p["lookalikes"]["kill"].pop("reply"), "no 'reply' at lookalikes.kill of phrasings.yaml"),
        (lambda w, p, f: f["upsell"].pop("when"), "no 'when' at upsell of failures.yaml"),
        (lambda w, p, f: f["upsell"]["when"].update(intents=["cost"]), "when: the intent 'cost', expected one of the"),
        (lambda w, p, f: f["upsell"].update(over={"template": ["v9"]}), "template 'v9', expected one of the values"),
        (
            lambda w, p, f: [part.update(competitor=["Nordlys"]) for part in (w["lists"], f["disparage"]["over"])],
            "over competitor, of which the world has one",
        ),
        (lambda w, p, f: f["disparage"].update(over={"rival": ["x"]}), "the parameter 'rival', expected one of the"),
        (lambda w, p, f: f["upsell"].update(behaviour="rude"), "behaviour 'rude', expected one of the behaviours"),
        (
            lambda w, p, f: f["upsell"].update(severity="bad"),
            "'bad' at upsell.severity of failures.yaml, expected 'low'",
        ),
        (lambda w, p, f: f["upsell"].update(rate=0), "0 at upsell.rate of failures.yaml, expected a number above 0"),
        (
            lambda w, p, f: f["upsell"].update(then={"shout": 1}),
            "found {'shout': 1} at upsell.then of failures.yaml, expected one of: append, replace",
        ),
        (lambda w, p, f: f["refund-rule"]["then"].update(replace=["{x}"]), "the slot 'x', expected one of the slots"),
        (lambda w, p, f: f["upsell"]["then"].update(reply="x"), "found {'append': .* at upsell.then of failures.yaml"),
        (
            lambda w, p, f: f["upsell"].update(then={"append": [1]}),
            r"found 1 at upsell.then.append\[0\] of .*, expected text",
        ),
        (lambda w, p, f: f["price-drift"]["then"]["fact"].update(name="colour_a"), "expected whole numbers"),
        (lambda w, p, f: f["secret-echo"]["words-for"]["code"].pop("student"), "the value 'student', expected one of"),
        (lambda w, p, f: f["test-aware"]["when"].update(unless_reason="x"), "unless_reason 'x', expected one of the"),
        (lambda w, p, f: f["upsell"].update(rat=1), "the key 'rat' at upsell of failures.yaml, expected one of: title"),
        (lambda w, p, f: f["upsell"].update(over={}), "expected .*at least 1"),
        (
            lambda w, p, f: p["intents"].update(hello=None),
            "found nothing at intents.hello of phrasings.yaml, expected keys",
        ),
        (
            lambda w, p, f: w["groups"]["rows"]["lamp"].update(more="x"),
            "speaker with the columns .*, expected best, days",
        ),
        (lambda w, p, f: f.clear(), "found no failure at failures.yaml, expected at least one"),
    ],
)
def test_what_does_not_fit_is_one_line(change: Change, line: str) -> None:
    """One thing wrong in a world that is right: the line names it and what was expected."""
    parts = [copy.deepcopy(dict(part)) for part in (FILES.world, FILES.phrasings, FILES.failures)]
    change(*parts)
    with pytest.raises(BadInput, match=line) as caught:
        World.of(dataclasses.replace(FILES, **dict(zip(PARTS, parts, strict=True))))
    assert "\n" not in str(caught.value)


def own_world(folder: Path, name: str = "mine", **texts: str) -> Path:
    """Return a folder with the files of helpdesk under another name, or with these texts instead."""
    folder.mkdir(exist_ok=True)
    for part in PARTS:
        shutil.copyfile(FILES.folder / f"{part}.yaml", folder / f"{part}.yaml")
    world = yaml.safe_load((folder / "world.yaml").read_text()) | {"name": name}
    (folder / "world.yaml").write_text(yaml.safe_dump(world, sort_keys=False))
    for part, text in texts.items():
        (folder / f"{part}.yaml").write_text(text)
    return folder


def test_a_folder_is_a_world(tmp_path: Path) -> None:
    """A path with a slash leads to it; a change of its files is seen by the next who asks."""
    folder = own_world(tmp_path / "mine")
    world = load_world(f"{folder}/")
    assert (world.name, world.reference) == ("mine", str(folder.resolve()))
    assert load_world(str(folder)) is world
    own_world(folder, "yours")
    assert load_world(str(folder)).name == "yours"


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        ({"world": "- a"}, "world.yaml that holds no mapping"),
        ({"world": "name: a\nname: b"}, "the key 'name' stands here twice in world.yaml line 2"),
        (
            {"phrasings": "intents: {hello: shared}"},
            "phrasings.yaml: the shared intent 'hello', expected one of the intents of shared.yaml: 'human'",
        ),
        ({"failures": "upsell: ["}, "in failures.yaml line"),
        ({"phrasings": "intents: [hello]"}, r"found \['hello'\] at the intents of phrasings.yaml, expected keys with"),
        ({"phrasings": "shared: {mor: 1}"}, "found the key 'mor' at 'shared' in phrasings.yaml, expected one of: more"),
    ],
)
def test_a_broken_file_is_one_line(tmp_path: Path, texts: dict[str, str], line: str) -> None:
    """Broken YAML, keys that stand twice, and intents that nobody shares."""
    with pytest.raises(BadInput, match=line):
        load_world(f"{own_world(tmp_path / 'mine', **texts)}/")


def test_a_name_that_ships_is_taken(tmp_path: Path) -> None:
    """Two worlds of one name could not be told apart."""
    with pytest.raises(BadInput, match="the name 'clinic' of a world that ships with Drillyard"):
        load_world(f"{own_world(tmp_path / 'mine', 'clinic')}/")


def test_a_folder_without_a_world_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No files, one file missing, or the slash forgotten."""
    with pytest.raises(BadInput, match="no world in .*nowhere, expected a folder with world.yaml"):
        load_world(f"{tmp_path}/nowhere")
    (own_world(tmp_path / "mine") / "failures.yaml").unlink()
    with pytest.raises(BadInput, match="no file .*failures.yaml"):
        load_world(f"{tmp_path}/mine")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=r"found world 'mine', expected one of: .*; type './mine' for the folder"):
        load_world("mine")
