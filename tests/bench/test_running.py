"""Runs: asked once, judged many times, resumed after a kill, and honest about what is unknown."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from processes import until

from drillyard.bench.bench_file import load_bench, save_bench
from drillyard.bench.running import judge_stored, load_run, run_bench
from drillyard.errors import BadInput, DrillyardError
from drillyard.organisms.planting.plant import plant
from drillyard.records import (
    BenchAsk,
    BenchCase,
    Benchmark,
    Conversation,
    Message,
    ModelLabel,
    ModelScore,
    Reply,
    TextCheck,
)
from drillyard.targets.null import EchoTarget, ScriptedTarget
from drillyard.targets.organism import OrganismTarget

JUDGE = ModelLabel(
    name="kind",
    messages=(Message(role="user", content="{{item.completion}}"),),
    labels=("Yes", "No"),
    passing=("Yes",),
)


def bench(count: int = 10, *criteria: object) -> Benchmark:
    """Return cases of which every second has its own question as right answer."""
    cases = [
        BenchCase(
            id=str(n),
            asks=(BenchAsk(conversation=Conversation.ask(f"question {n}")),),
            ideal=(f"question {n}" if n % 2 else "no",),
        )
        for n in range(count)
    ]
    chosen = criteria or (TextCheck(operation="eq"),)
    return Benchmark(id="b", criteria=chosen, cases=tuple(cases))


class Counting(EchoTarget):
    """An echo that counts what it is asked, and breaks after a number of calls."""

    def __init__(self, breaks_after: int = 1_000_000, reference: str = "echo/") -> None:
        super().__init__(reference)
        self.asked, self._left = 0, breaks_after

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Echo, or raise as a target does that cannot be reached."""
        self._left -= 1
        if self._left < 0:
            raise DrillyardError("nothing answers")
        self.asked += len(conversations)
        return super().generate(conversations, seeds)


def test_a_run_holds_everything(tmp_path: Path) -> None:
    """Replies, verdicts and the report are in the folder, and the share is exact."""
    run = run_bench(bench(), EchoTarget(), tmp_path)
    share = run.report.accuracy
    assert share is not None and (share.value, share.n) == (0.5, 10) and share.low < 0.5 < share.high
    assert [one.verdict for one in run.verdicts] == ["failed", "passed"] * 5
    assert load_run(tmp_path) == run


def test_a_broken_run_resumes_and_asks_nothing_twice(tmp_path: Path) -> None:
    """After a failure the same command goes on; the files are those of a run without one."""
    target = Counting(breaks_after=2)
    with pytest.raises(DrillyardError, match="nothing answers"):
        run_bench(bench(), target, tmp_path / "a", batch=3)
    again = Counting()
    run_bench(bench(), again, tmp_path / "a", batch=3)
    assert (target.asked, again.asked) == (6, 4)
    run_bench(bench(), EchoTarget(), tmp_path / "b", batch=3)
    assert files(tmp_path / "a") == files(tmp_path / "b")


def files(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_half_a_line_at_the_end_is_asked_again(tmp_path: Path) -> None:
    """A kill may leave half a line; it is cut off, and the bytes at the end are the same."""
    run_bench(bench(), EchoTarget(), tmp_path / "whole")
    run_bench(bench(), EchoTarget(), tmp_path / "cut")
    replies = (tmp_path / "cut" / "replies.jsonl").read_bytes()
    (tmp_path / "cut" / "replies.jsonl").write_bytes(replies[: len(replies) // 2])
    (tmp_path / "cut" / "report.json").unlink()
    run_bench(bench(), EchoTarget(), tmp_path / "cut")
    assert files(tmp_path / "cut") == files(tmp_path / "whole")


SLOW = """
import sys, time
from pathlib import Path
from bench.test_running import Counting, bench
from drillyard.bench.running import run_bench

class Slow(Counting):
    def generate(self, conversations, seeds):
        time.sleep(0.05)
        return super().generate(conversations, seeds)

run_bench(bench(40), Slow(), Path(sys.argv[1]), batch=2)
"""


def test_a_killed_run_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    """Kill -9 in the middle loses at most one batch, and the resumed report has the bytes of an unbroken one."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    replies = tmp_path / "killed" / "replies.jsonl"
    with subprocess.Popen([sys.executable, "-c", SLOW, str(tmp_path / "killed")], env=env) as process:
        until(lambda: replies.is_file() and replies.read_bytes().count(b"\n") >= 6)
        os.kill(process.pid, signal.SIGKILL)
    kept = replies.read_bytes().count(b"\n")
    assert 6 <= kept < 40 and not (tmp_path / "killed" / "report.json").exists()
    target = Counting()
    run_bench(bench(40), target, tmp_path / "killed", batch=2)
    assert target.asked == 40 - kept
    run_bench(bench(40), EchoTarget(), tmp_path / "whole", batch=2)
    assert files(tmp_path / "killed") == files(tmp_path / "whole")


@pytest.mark.parametrize("change", ["bench", "target", "seed"])
def test_another_run_in_the_same_folder_is_refused(tmp_path: Path, change: str) -> None:
    """Other cases, another target or another seed never mix with what is stored."""
    run_bench(bench(), EchoTarget(), tmp_path)
    cases, target, seed = bench(), EchoTarget(), None
    if change == "bench":
        cases = bench(11)
    elif change == "target":
        target = EchoTarget("echo/other")
    else:
        seed = 1
    with pytest.raises(BadInput, match=r"another run of a benchmark in .* \((bench|target|model|seed): "):
        run_bench(cases, target, tmp_path, seed=seed)


def test_an_organism_that_was_planted_anew_is_another_model(tmp_path: Path) -> None:
    """The same reference with other weights does not go on with stored replies."""
    clean, planted = (OrganismTarget(plant("helpdesk", failures), "organism/x") for failures in ([], ["upsell:v2"]))
    run_bench(bench(2), clean, tmp_path)
    with pytest.raises(BadInput, match=r"another run of a benchmark in .* \((bench|target|model|seed): "):
        run_bench(bench(2), planted, tmp_path)


def test_criteria_of_one_name_are_refused_before_anything_is_asked(tmp_path: Path) -> None:
    """Verdicts are kept by the criterion's name."""
    target, twice = Counting(), (TextCheck(operation="eq"), TextCheck(operation="like"))
    with pytest.raises(BadInput, match="2 criteria named 'text'"):
        run_bench(bench(2, *twice), target, tmp_path)
    assert target.asked == 0


def test_a_missing_reply_is_unknown_and_bounds_both_ways(tmp_path: Path) -> None:
    """Of ten cases four get no reply: they count as failed in the low end and as passed in the high one."""
    script = {f"question {n}": [f"question {n}"] for n in range(6)}
    run = run_bench(bench(10), ScriptedTarget(script), tmp_path)
    share = run.report.accuracy
    assert share is not None
    assert [one.verdict for one in run.verdicts].count("unknown") == 4
    assert share.value == 0.3 and share.n == 10 and "4 unknown" in share.method
    known = run_bench(bench(10), EchoTarget(), tmp_path / "known").report.accuracy
    assert known is not None and share.high > known.high and share.low < known.low


def test_a_grade_that_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    """Yes passes, No fails, mumbling and silence stay unknown; labels are bounded both ways."""
    answers = ["Yes", "No", "well …", None]
    script = {f"question {n}": [answers[n % 4]] for n in range(8) if answers[n % 4]}
    asked = {
        f"{key}\n\nAnswer with one of these labels, alone on the last line: Yes, No.": v for key, v in script.items()
    }
    run = run_bench(bench(8, JUDGE), EchoTarget(), tmp_path, grader=ScriptedTarget(asked, "scripted/judge"))
    assert [one.verdict for one in run.verdicts] == ["passed", "failed", "unknown", "unknown"] * 2
    (told,) = run.report.criteria
    assert told.unknown == 4 and told.labels["Yes"].value == 0.25
    assert told.labels["Yes"].high == run.report.accuracy.high > 0.75  # type: ignore[union-attr]


def test_another_grader_judges_the_stored_replies(tmp_path: Path) -> None:
    """Run once, judge many: the target is not asked again, each grader's replies are kept apart."""
    target, first, second = Counting(), Counting(reference="echo/1"), Counting(reference="echo/2")
    run_bench(bench(6, JUDGE), target, tmp_path, grader=first)
    run_bench(bench(6, JUDGE), target, tmp_path, grader=second)
    judge_stored(tmp_path, first)
    assert (target.asked, first.asked, second.asked) == (6, 6, 6)
    assert len(list(tmp_path.glob("grades-*.jsonl"))) == 2


def test_a_grader_is_needed_before_anything_is_asked(tmp_path: Path) -> None:
    """Without one the run stops in one line, and the target has not been asked."""
    target = Counting()
    with pytest.raises(BadInput, match="no grader for kind.*--grader"):
        run_bench(bench(3, JUDGE), target, tmp_path)
    assert target.asked == 0


def test_scores_have_a_mean_with_an_interval(tmp_path: Path) -> None:
    """Without a threshold scores are only averaged; an answer out of range is unknown."""
    criterion = ModelScore(name="good", messages=(Message(role="user", content="{{item.completion}}"),), high=10.0)
    how = "\n\nAnswer with one number from 0 to 10, alone on the last line."
    script = {f"question {n}{how}": [str(n)] for n in range(12)}
    run = run_bench(bench(12, criterion), EchoTarget(), tmp_path, grader=ScriptedTarget(script))
    (told,) = run.report.criteria
    assert told.passed is None and run.report.accuracy is None and told.unknown == 1
    assert told.score is not None and told.score.value == pytest.approx(sum(range(11)) / 12)
    assert 0 <= told.score.low < told.score.value < told.score.high <= 10


def test_several_criteria_must_all_hold(tmp_path: Path) -> None:
    """A case passes when every criterion does; one that fails is enough to fail."""
    both = (
        TextCheck(name="equal", operation="eq"),
        TextCheck(name="starts", operation="starts-with", reference="quest"),
    )
    run = run_bench(bench(10, *both), EchoTarget(), tmp_path)
    assert [one.passed.value for one in run.report.criteria if one.passed] == [0.5, 1.0]
    assert run.report.accuracy is not None and run.report.accuracy.value == 0.5


def test_a_benchmark_file_comes_back_equal(tmp_path: Path) -> None:
    """Header and cases are one record a line; a broken line is told by its number, or left out on request."""
    path = tmp_path / "b.jsonl"
    save_bench(bench(3), path)
    assert load_bench(path) == bench(3)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], '{"id": "3"}', *lines[2:]]) + "\n")
    with pytest.raises(BadInput, match=r"b.jsonl line 3: .*field 'asks'.*--skip-bad"):
        load_bench(path)
    assert len(load_bench(path, skip_bad=True).cases) == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "without a benchmark record"),
        ('{"record": "finding"}\n', "drillyard bench import"),
        ("{\n", "line 1: broken JSON"),
    ],
)
def test_what_is_no_benchmark_is_one_line(tmp_path: Path, text: str, words: str) -> None:
    """Another file in its place: found, expected, what to type."""
    (tmp_path / "x.jsonl").write_text(text)
    with pytest.raises(BadInput) as caught:
        load_bench(tmp_path / "x.jsonl")
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_two_cases_of_one_id_are_refused(tmp_path: Path) -> None:
    """Verdicts are kept by id: neither written nor read."""
    twin, path = bench(2), tmp_path / "b.jsonl"
    with pytest.raises(BadInput, match="two cases with the id '0'"):
        save_bench(twin.model_copy(update={"cases": (*twin.cases, twin.cases[0])}), path)
    save_bench(twin, path)
    path.write_text(f"{path.read_text()}{twin.cases[1].to_json()}\n")
    with pytest.raises(BadInput, match="two cases with the id '1'"):
        load_bench(path)
