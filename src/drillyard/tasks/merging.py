"""Parts of a run: each writes a report when it is done, and a merge wants every one of them, once, of the same run."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.records.files import one_line, read_record
from drillyard.tasks.nodes import hash_code
from drillyard.tasks.placement import REPORT, TASKS, PartReport
from drillyard.tasks.task import Task

__all__ = ["check_merge"]


def check_merge(tasks: Sequence[Task], folder: Path, sources: Sequence[Path], key: str) -> None:
    """See that every part of a run was run once, take what other folders have of it, and want every task done.

    Args:
        tasks: of the whole run.
        folder: of the run.
        sources: run folders of parts that ran on disks of their own.
        key: of the run.

    Raises:
        BadInput: a part is missing or there twice, is of another run or other code, or lacks a task.
    """
    _check_reports([(path, read_record(path, PartReport)) for place in (folder, *sources) for path in _reports(place)],
                   folder, key)  # fmt: skip
    for source in sources:
        _take(source, folder)
    if missing := [task.name for task in tasks if not task.finished]:
        named = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        raise bad_input(
            f"parts that lack {len(missing)} of {len(tasks)} tasks ({named})", "every task's file", _from_words(sources)
        )


def _reports(place: Path) -> list[Path]:
    if not place.is_dir():
        raise bad_input(f"no folder {str(place)!r}", "the folder of a run with parts")
    return sorted(place.glob(f"{TASKS}/part-*/{REPORT}"))


def _check_reports(found: Sequence[tuple[Path, PartReport]], folder: Path, key: str) -> None:
    if not found:
        raise bad_input(
            f"no part in {str(folder)!r}", "all parts of a run", "run the same command with --part 1/N … N/N"
        )
    first_at, first = found[0]
    places = defaultdict(list)
    for path, report in found:
        if report.of != first.of:
            what = f"parts of {first.of} ({first_at.parent}) and of {report.of} ({path.parent})"
            raise bad_input(what, "one division of the run", "remove the folder of the other one")
        if report.run != key:
            raise bad_input(
                f"a part of another run: {path.parent}", "parts of this command's run", "merge with the same options"
            )
        if report.code != hash_code():
            what = f"{path.parent} run by other code of drillyard ({report.code})"
            raise bad_input(what, f"that of this process ({hash_code()})", "run that part again with this release")
        places[report.part].append(path.parent)
    if missing := [f"{number}/{first.of}" for number in range(1, first.of + 1) if number not in places]:
        named = " and ".join(missing[:4]) + (" …" if len(missing) > 4 else "")
        raise bad_input(f"no part {named}", f"all {first.of}", f"run the same command with --part {missing[0]}")
    for number, twice in places.items():
        if len(twice) > 1:
            what = f"part {number}/{first.of} in {' and in '.join(map(str, twice))}"
            raise bad_input(what, "it once", "leave one of them out")


def _take(source: Path, folder: Path) -> None:
    """Copy what is not there yet; what is there is the same, or is of another run and was refused."""
    for file in filter(Path.is_file, sorted(source.rglob("*"))):
        inside = file.relative_to(source)
        there = folder / inside
        if not (file.name.startswith(".") or TASKS in inside.parts or there.exists()):
            with one_line(there):
                there.parent.mkdir(parents=True, exist_ok=True)
                draft = there.with_name(f".{there.name}.copy")
                shutil.copy2(file, draft)
                draft.replace(there)


def _from_words(sources: Sequence[Path]) -> str:
    if sources:
        return "copy the folders of the parts again, whole"
    return "name the folders of parts that ran elsewhere with --from DIR, or run the part again"
