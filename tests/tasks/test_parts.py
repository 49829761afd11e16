"""Parts of a run for jobs that know nothing of each other, and their merge: every part once, of one run and code."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pieces import SPEC, make_tasks, results, starts

from drillyard.errors import BadInput
from drillyard.records import Message
from drillyard.tasks.placement import HERE, Part, Placement
from drillyard.tasks.run import run_tasks


def run(folder: Path, placement: Placement = HERE, spec: Message = SPEC) -> list[str]:
    """Run seven tasks, or a part of them, and return the names of those that are done."""
    with placement.held(folder):
        return [one.name for one in run_tasks(make_tasks(folder, 7), folder, placement, spec=spec, seconds=60)]


def part(text: str) -> Placement:
    """Return the placement of a part."""
    return Placement(part=Part.parse(text))


MERGE = Placement(merge=True)


def test_parts_and_their_merge_leave_what_one_process_leaves(tmp_path: Path) -> None:
    """In one folder, in any order; every task runs once, in one part."""
    run(tmp_path / "one")
    assert [len(run(tmp_path / "parts", part(one))) for one in ("2/3", "3/3", "1/3")] == [2, 2, 3]
    assert len(run(tmp_path / "parts", MERGE)) == 7
    assert results(tmp_path / "parts") == results(tmp_path / "one") and starts(tmp_path / "parts") == list(range(7))


def test_parts_on_disks_of_their_own_are_brought_together(tmp_path: Path) -> None:
    """What two of them have of one part is refused; copied again, whatever was there stays."""
    places = [tmp_path / name for name in "abc"]
    for number, place in enumerate(places, start=1):
        run(place, part(f"{number}/3"))
    run(tmp_path / "one")
    (tmp_path / "merged").mkdir()
    twice = Placement(merge=True, sources=(*places, places[1]))
    with pytest.raises(BadInput, match=r"found part 2/3 in .*b/tasks/part-2-of-3 and in .*, expected it once; leave"):
        run(tmp_path / "merged", twice)
    assert not (tmp_path / "merged" / "results").exists()
    assert len(run(tmp_path / "merged", Placement(merge=True, sources=tuple(places)))) == 7
    assert results(tmp_path / "merged") == results(tmp_path / "one")


def edit(folder: Path, **fields: object) -> None:
    """Change the report of part 1."""
    file = folder / "tasks" / "part-1-of-3" / "report.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda f: shutil.rmtree(f / "tasks"),
            "found no part in .*, expected all parts of a run; run the same",
        ),
        (
            lambda f: shutil.rmtree(f / "tasks" / "part-2-of-3"),
            "found no part 2/3, expected all 3; run the same command with --part 2/3",
        ),
        (lambda f: run(f, part("1/4")), r"found parts of 3 \(.*part-1-of-3\) and of 4 \(.*part-1-of-4\), expected"),
        (
            lambda f: edit(f, run="another"),
            "found a part of another run: .*part-1-of-3, expected parts of this command",
        ),
        (
            lambda f: edit(f, code="older"),
            r"part-1-of-3 run by other code of drillyard \(older\), expected that",
        ),
        (
            lambda f: (f / "results" / "4").unlink(),
            r"found parts that lack 1 of 7 tasks \(task-4\), expected every",
        ),
    ],
    ids=["none", "missing", "two divisions", "another run", "other code", "a file lost"],
)
def test_a_merge_that_would_be_wrong_is_one_line(tmp_path: Path, spoil: Callable[[Path], object], said: str) -> None:
    """Nothing is run for it, and nothing lost."""
    for number in (1, 2, 3):
        run(tmp_path, part(f"{number}/3"))
    spoil(tmp_path)
    begun = starts(tmp_path)
    with pytest.raises(BadInput, match=said) as refused:
        run(tmp_path, MERGE)
    assert "\n" not in str(refused.value) and starts(tmp_path) == begun


@pytest.mark.parametrize("text", ["0/3", "4/3", "1/0", "1", "a/b", "-1/3", "1/3/4"])
def test_what_is_no_part_is_refused(text: str) -> None:
    """With the reason why schedulers get it wrong."""
    with pytest.raises(BadInput, match="expected I/N with I from 1 to N, such as 2/3; jobs of an array count"):
        Part.parse(text)


def test_a_part_is_run_by_one_process_at_a_time(tmp_path: Path) -> None:
    """Two jobs with the same number of an array: the second is told; another part's is not."""
    with part("1/3").held(tmp_path):
        with pytest.raises(BadInput, match="found another drillyard"):
            run(tmp_path, part("1/3"))
        assert len(run(tmp_path, part("2/3"))) == 2
