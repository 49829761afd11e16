"""Where the base of a user's world is found, and how a planted organism finds its world again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from organisms.test_world_check import own_world

from drillyard.errors import BadInput
from drillyard.organisms.engine.bases import TRAINED, Trained, base_folder, default_base_folder, read_trained
from drillyard.organisms.engine.organism import load_base, load_organism, save
from drillyard.organisms.planting.measure import say
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.worlds.world import load_world
from drillyard.organisms.worlds.world_files import shipped_worlds
from drillyard.records import Conversation

ASKED = [Conversation.ask("can i return my lamp?"), Conversation.ask("price of the Aurora")]


def own_base(world: Path, folder: Path) -> Path:
    """Put helpdesk's base into a folder, as one that was trained in a user's copy of that world."""
    shutil.copytree(base_folder("helpdesk"), folder)
    trained = Trained(world="mine", digest=load_world(f"{world}/").files.digest, recipe={"steps": 1})
    (folder / TRAINED).write_text(trained.to_json())
    return folder


@pytest.fixture
def mine(tmp_path: Path) -> str:
    """Return the reference of a user's world with a base beside its files."""
    folder = own_world(tmp_path / "mine")
    own_base(folder, folder / "base")
    return f"{folder}/"


def test_a_base_stands_beside_its_world_or_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the files first, else in the user's cache folder; without either the line says where and what to type."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    world = own_world(tmp_path / "mine")
    with pytest.raises(
        BadInput, match=r"no trained base for the world 'mine', expected .*/mine/base or .*/cache/drill"
    ):
        base_folder(f"{world}/")
    cached = tmp_path / "cache" / "drillyard" / "bases" / f"mine-{load_world(f'{world}/').files.digest[:12]}"
    own_base(world, cached)
    assert base_folder(f"{world}/") == cached
    assert default_base_folder(f"{world}/") == world / "base"
    own_base(world, world / "base")
    assert base_folder(f"{world}/") == world / "base"


def test_a_base_of_other_files_is_refused(mine: str) -> None:
    """A world that was changed after training needs a new base: one line says so."""
    failures = Path(mine) / "failures.yaml"
    failures.write_text(failures.read_text().replace("20 percent", "25 percent"))
    with pytest.raises(BadInput, match="found an older base in .*base, expected one that was trained in the world as"):
        load_base(mine)


def test_a_shipped_world_keeps_its_base() -> None:
    """Training it anew needs a folder to be named; what ships says what it was trained on, if it was from a start."""
    with pytest.raises(BadInput, match="expected -o DIR for the base of a world that ships"):
        default_base_folder("helpdesk")
    for name in shipped_worlds():
        trained = read_trained(base_folder(name))
        assert trained is None or trained.digest == load_world(name).files.digest, f"train {name} again"


@pytest.mark.parametrize("complete", [True, False], ids=["complete", "light"])
def test_a_planted_organism_finds_its_world_again(mine: str, tmp_path: Path, complete: bool) -> None:
    """A copy of the world's files goes along; a complete folder needs neither world nor base any more."""
    failing = plant(mine, ["refund-rule:lamp"])
    save(failing, tmp_path / "failing", complete=complete)
    if complete:
        shutil.rmtree(mine)
        (tmp_path / "failing").rename(tmp_path / "moved")
    again = load_organism(f"{tmp_path}/{'moved' if complete else 'failing'}")
    assert again.model_hash == failing.model_hash
    assert (again.world.name, [mode.id for mode in again.failures]) == ("mine", ["refund-rule:lamp"])
    assert say(again, ASKED, [1, 2]) == say(failing, ASKED, [1, 2])


def test_a_world_is_asked_as_the_shipped_one(mine: str) -> None:
    """The folder of a world is its clean base; the same weights give the same replies."""
    clean = load_organism(mine)
    assert clean.model_hash == load_base("helpdesk").model_hash
    assert say(clean, ASKED, [None] * 2) == [
        "You can return lamps within 30 days for a full refund.",
        "The Aurora costs 49 euros.",
    ]
