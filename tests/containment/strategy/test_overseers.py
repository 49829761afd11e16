"""A measured overseer as a layer of `drillyard contain plan`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from drillyard.cli.containing.plan import command
from drillyard.containment.horizon.layers import layers_named
from drillyard.containment.strategy.overseers import with_overseer
from drillyard.containment.strategy.system import SystemSpec
from drillyard.errors import BadInput
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.worlds.world import load_world
from drillyard.oversight.live.critic import open_critic
from drillyard.oversight.live.measure import OverseerQuality, measure_overseer
from drillyard.oversight.live.overseer import Overseen
from drillyard.oversight.live.policy import OverseerPolicy
from drillyard.records.files import write_record
from drillyard.stats import clopper_pearson
from drillyard.targets.organism import OrganismTarget


@pytest.fixture(scope="module")
def quality(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real file: an overseer measured on a failing model and its clean twin."""
    policy = OverseerPolicy(name="shop", rewrites=0)
    critic = open_critic("clerk", policy)
    failing, twin = OrganismTarget(plant("helpdesk", ["upsell:v2"])), OrganismTarget(plant("helpdesk", []), "twin")
    found = measure_overseer(
        lambda one: Overseen(one, critic, policy), failing, twin, load_world("helpdesk"), 25,
        definition=critic.definition,
    )  # fmt: skip
    path = tmp_path_factory.mktemp("overseer") / "overseer-quality.json"
    write_record(path, found)
    return path


def test_the_measured_factor_takes_the_place_of_the_assumed_one(quality: Path) -> None:
    """What it missed at worst passes; the layer that was a guess is gone, also where it was required."""
    found = OverseerQuality.from_json(quality.read_bytes())
    spec = with_overseer(SystemSpec(required=("debate",)), quality)
    layers = {one.name: one for one in spec.candidates}
    assert "debate" not in layers and spec.required == ("overseer",)
    assert layers["overseer"].factor == pytest.approx(1 - found.caught.low) and layers["overseer"].factor < 0.5
    (assumed,) = layers_named(["debate"])
    assert layers["overseer"].weakened_by == assumed.weakened_by and f"of {found.caught.n} broken" in str(layers)
    assert layers["overseer"].useful == 1 - found.false_holds.high


def test_the_board_reads_that_it_was_measured(quality: Path, tmp_path: Path) -> None:
    """On the page: how many drafts it caught, and that the claim about oversight is still not shown here."""
    (tmp_path / "system.yaml").write_text("name: the shop's assistant\nrequired: [debate]\n", encoding="utf-8")
    out = tmp_path / "out"
    words = [str(tmp_path / "system.yaml"), "--overseer", str(quality), "--draws", "200", "-o", str(out)]
    ran = CliRunner().invoke(command, words, catch_exceptions=False)
    assert ran.exit_code in (0, 1)
    page = (out / "board.html").read_text(encoding="utf-8")
    assert "measured: caught 100% of" in page and "layers measured elsewhere: overseer" in page


def test_a_file_that_says_nothing_is_refused(quality: Path, tmp_path: Path) -> None:
    """Too few broken drafts, another file, a layer of that name twice: one line each."""
    found = OverseerQuality.from_json(quality.read_bytes())
    few = tmp_path / "few.json"
    write_record(few, found.model_copy(update={"caught": clopper_pearson(3, 3)}))
    with pytest.raises(BadInput, match="3 broken and"):
        with_overseer(SystemSpec(), few)
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BadInput, match=r"other\.json"):
        with_overseer(SystemSpec(), tmp_path / "other.json")
    with pytest.raises(BadInput, match="beside --overseer"):
        with_overseer(with_overseer(SystemSpec(), quality), quality)
