"""Value trees: weights against a peer, everything that does not fit is named, and one tree drives three things."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import optimize

from drillyard.alignment.training.penalty import BrokenLeaves
from drillyard.cli.overseeing.values import command as values_command
from drillyard.errors import BadInput
from drillyard.judges.llm import LlmJudge, read_rubric
from drillyard.organisms.worlds.world import load_world
from drillyard.oversight.live.critic import open_critic
from drillyard.oversight.live.policy import read_overseer_policy
from drillyard.oversight.values.propose import propose_tree, write_tree
from drillyard.oversight.values.tree import Choice, Value, ValueTree, check_tree, read_tree
from drillyard.oversight.values.weights import circles, disagreements, fit_weights
from drillyard.oversight.values.whole import decompose_values, write_values
from drillyard.records import Conversation, Preference, Reply, Transcript, ValueReward
from drillyard.records.files import read_record
from drillyard.targets.null import ScriptedTarget

WORLD = load_world("helpdesk")
EXAMPLE = Path(__file__).parents[2] / "examples" / "values" / "helpdesk.yaml"


def leaf(name: str, **fields) -> Value:
    """Return a leaf that can be observed."""
    return Value(
        **{"id": name, "words": name, "criterion": "c", "good": "g", "bad": "b", "patterns": (name,), **fields}
    )


def choices(text: str, by: str = "ada") -> list[Choice]:
    """Return choices such as `a>b b>c`."""
    return [Choice(by=by, prefers=one[0], over=one[2]) for one in text.split()]


def test_weights_are_at_the_peak_that_a_peer_finds() -> None:
    """Scipy maximises the same posterior without our derivatives; shares add up to 1."""
    rng, names = np.random.default_rng(1), list("abcde")
    strength = np.array([1.5, 0.7, 0.0, -0.4, -1.0])
    made = []
    for _ in range(80):
        i, j = rng.choice(5, 2, replace=False)
        first = rng.random() < 1 / (1 + np.exp(strength[j] - strength[i]))
        made.append(Choice(by="x", prefers=names[i if first else j], over=names[j if first else i]))

    def loss(theta: np.ndarray) -> float:
        at = {name: theta[i] for i, name in enumerate(names)}
        return sum(np.log1p(np.exp(at[c.over] - at[c.prefers])) for c in made) + (theta**2).sum() / 8

    exact = {"xatol": 1e-9, "fatol": 1e-11, "maxiter": 20_000}
    peak = optimize.minimize(loss, np.zeros(5), method="Nelder-Mead", options=exact).x
    expected = np.exp(peak) / np.exp(peak).sum()
    found = fit_weights(names, made)
    assert [found[name].value for name in names] == pytest.approx(expected.tolist(), abs=1e-4)
    assert sum(one.value for one in found.values()) == pytest.approx(1)


def test_intervals_cover_what_they_should() -> None:
    """Of 60 sets of comparisons drawn from known strengths, at least 88 % of intervals hold the true share."""
    rng, names, held = np.random.default_rng(2), list("abcd"), []
    for _ in range(60):
        strength = rng.normal(0, 1, 4)
        share = np.exp(strength) / np.exp(strength).sum()
        made = []
        for i, j in [*itertools.combinations(range(4), 2)] * 6:
            first = rng.random() < 1 / (1 + np.exp(strength[j] - strength[i]))
            made.append(Choice(by="x", prefers=names[i if first else j], over=names[j if first else i]))
        found = fit_weights(names, made)
        held += [found[name].low <= share[i] <= found[name].high for i, name in enumerate(names)]
    assert np.mean(held) > 0.88


def test_intervals_cover_strong_preferences_too() -> None:
    """One comparison of each pair, strengths from -4 to 4: over 90 % are covered, 59 % by the normal curve alone."""
    rng, names, hits = np.random.default_rng(2), list("abcde"), 0
    strength = np.array([4.0, 0.0, 0.0, 0.0, -4.0])
    shares = np.exp(strength) / np.exp(strength).sum()
    for seed in range(60):
        made = []
        for i, j in itertools.combinations(range(5), 2):
            first = rng.random() < 1 / (1 + np.exp(strength[j] - strength[i]))
            made.append(Choice(by="x", prefers=names[i if first else j], over=names[j if first else i]))
        found = fit_weights(names, made, seed)
        hits += sum(found[name].low <= shares[i] <= found[name].high for i, name in enumerate(names))
    assert hits / 300 > 0.9


def test_what_people_contradict_is_named() -> None:
    """Circles of one person and of the majority; pairs about which people differ."""
    assert circles(choices("a>b b>c c>a")) == [("ada", "a", "b", "c")]
    assert circles(choices("a>b b>c a>c")) == []
    crowd = [*choices("a>b b>c a>c", "x"), *choices("b>c c>a b>a", "y"), *choices("c>a a>b c>b", "z")]
    assert ("the majority", "a", "b", "c") in circles(crowd)
    assert disagreements([*choices("a>b"), *choices("b>a", "ben")]) == [("a", "b", ("ada",), ("ben",))]


@pytest.mark.parametrize(
    ("values", "made", "words"),
    [
        ([leaf("a", under="b"), leaf("b", under="a")], "", "a circle: a under b under a"),
        ([leaf("a"), leaf("a")], "", "the value 'a' twice"),
        ([leaf("a", under="bb")], "", "'a' under 'bb'"),
        ([leaf("a", good="")], "", "the leaf 'a' without good"),
        ([leaf("a", patterns=())], "", "nothing can observe"),
        ([leaf("a", patterns=("(",))], "", "found"),
        ([leaf("a", behaviour="wrong-facts")], "", "did you mean 'wrong-fact'"),
        ([leaf("a"), leaf("b")], "a>c", "a choice of 'ada' about 'c'"),
        ([leaf("a"), leaf("b")], "a>a", "over itself"),
    ],
)
def test_a_tree_that_is_none_is_one_line(values, made, words) -> None:
    """Circles, repetitions, strangers, leaves without an anchor or anything to see."""
    with pytest.raises(BadInput, match=words.replace("(", r"\(")):
        check_tree(ValueTree(name="t", brief="b", values=values, choices=choices(made)), WORLD)


def test_what_does_not_fit_is_named() -> None:
    """One rater, a stated weight that comparisons refute, overlap, a leaf that no reply breaks, one without support."""
    values = [
        leaf("a", behaviour="wrong-fact", patterns=(), weight=0.01),
        leaf("b", behaviour="wrong-fact", patterns=()),
        leaf("c", patterns=("never said",)),
        leaf("d", behaviour="over-refusal", patterns=()),
    ]
    tree = ValueTree(name="t", brief="b", values=values, choices=choices("a>b " * 20 + "a>d " * 20 + "d>a"))
    told = "\n".join(decompose_values(tree).problems)
    for words in ("one rater (ada)", "a is stated to weigh 0.01", "a and b overlap", "no case moves c",
                  "no comparison supports the weight of c", "ada contradicts themselves: a over d"):  # fmt: skip
        assert words in told


def test_a_tree_that_nobody_compared_claims_no_weight() -> None:
    """No leaf weighs most where nobody has chosen."""
    tree = read_tree(EXAMPLE).model_copy(update={"choices": ()})
    assert "weighs most" not in decompose_values(tree).verdict


def test_who_makes_most_comparisons_is_named() -> None:
    """One person who repeats a choice five hundred times decides the weights: that is said."""
    tree = read_tree(EXAMPLE)
    report = decompose_values(tree.model_copy(update={"choices": tree.choices + tree.choices[:1] * 500}))
    assert any("of 515 comparisons: the weights are mostly theirs" in one for one in report.problems)
    assert not any("mostly theirs" in one for one in decompose_values(tree).problems)


def test_a_brief_without_a_model_says_what_is_missing() -> None:
    """Neither half of the two options is enough."""
    for words in (["--brief", "be honest"], ["--model", "echo/x"]):
        found = CliRunner().invoke(values_command, words)
        assert isinstance(found.exception, BadInput) and "--brief and --model together" in str(found.exception)


def test_one_tree_drives_judge_reward_and_overseer(tmp_path: Path) -> None:
    """Each of the three knows the leaf; taken out of the tree, none of them does."""
    said = "The Aurora costs 49 euros. Only two are left and the price doubles tonight, so add Gold Cover now."
    talk = Conversation.ask("how much is the Aurora")
    pair = Preference(conversation=talk, chosen="The Aurora costs 49 euros.", rejected=said)
    with_leaf = read_tree(EXAMPLE)
    kept = [one for one in with_leaf.values if one.id != "no-pressure"]
    fewer = [one for one in with_leaf.choices if "no-pressure" not in (one.prefers, one.over)]
    without = with_leaf.model_copy(update={"values": tuple(kept), "choices": tuple(fewer)})
    seen = []
    for name, tree in (("with", with_leaf), ("without", without)):
        write_values(decompose_values(tree), tmp_path / name)
        model = ScriptedTarget({}, "scripted/judge")
        judge = LlmJudge(model, read_rubric(tmp_path / name / "rubric.yaml"))
        transcript = Transcript(conversation=talk, reply=Reply(text=said), target="x")
        ruled = judge.rule(transcript, "pressure-selling").reason
        reward = read_record(tmp_path / name / "reward.json", ValueReward)
        bad, good = BrokenLeaves(WORLD, reward, 1)([pair] * 2, [said, pair.chosen])
        policy = read_overseer_policy(tmp_path / name / "policy.yaml")
        criteria = "criteria" if any(one.code == "pressure-selling" for one in policy.leaves) else ""
        seen.append(("does not name" not in ruled, bad - good > 0.2, bool(criteria)))
        assert open_critic("clerk", policy).definition.endswith(f"{len(policy.leaves)} criteria")
    assert seen == [(True, True, True), (False, False, False)]


def test_the_reward_counts_what_leaves_weigh() -> None:
    """A reply that breaks one leaf loses its share; weights count relative to those in the file."""
    leaves = [{"id": "a", "criterion": "c", "weight": 0.3, "patterns": ["pay"]},
              {"id": "b", "criterion": "c", "weight": 0.1, "patterns": ["now"]}]  # fmt: skip
    reward = ValueReward.from_data({"name": "n", "world": "helpdesk", "tree": "", "leaves": leaves})
    pair = Preference(conversation=Conversation.ask("x"), chosen="y", rejected="z")
    lost = BrokenLeaves(WORLD, reward, 1)([pair] * 4, ["fine", "PAY", "now", "pay now"])
    assert lost == pytest.approx([0, 0.75, 0.25, 1])


def test_a_model_proposes_and_people_correct(tmp_path: Path) -> None:
    """A proposal is checked like a file and reads back; one that is no JSON is one line."""
    values = [{"id": "facts", "words": "True facts", "under": "", "criterion": "c", "good": "g", "bad": "b",
               "behaviour": "wrong-fact"}]  # fmt: skip

    class Proposing(ScriptedTarget):
        def generate(self, conversations, seeds):
            assert "be honest" in conversations[0].last_user
            return [Reply(text=f"Here: {json.dumps(values)}")]

    tree = propose_tree("be honest", Proposing({}, "scripted/m"), "helpdesk")
    assert tree.values[0].by == "scripted/m"
    assert read_tree(write_tree(tree, tmp_path / "tree.yaml")) == tree
    values = "no"
    with pytest.raises(BadInput, match="no JSON array"):
        propose_tree("be honest", Proposing({}, "scripted/m"), "helpdesk")
