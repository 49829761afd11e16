"""Designing a programme, `drillyard design BRIEF -o DIR`: from a brief to a folder with its plan, and a page of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.organisms.engine.bases import base_folder
from drillyard.organisms.worlds.world import World
from drillyard.organisms.worlds.world_files import PARTS
from drillyard.planning.brief import load_brief, policy_bytes, world_of
from drillyard.planning.catalogue import catalogue_files, load_catalogue
from drillyard.planning.growth import has_grown
from drillyard.planning.homes import make_homes
from drillyard.planning.page import plan_page
from drillyard.planning.plan import make_plan
from drillyard.planning.plan_files import plan_csv, plan_ics
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.material.queue import withdraw_changed
from drillyard.records import Brief, Plan
from drillyard.records.files import write_atomically
from drillyard.records.locks import held
from drillyard.records.progress import Progress, silent
from drillyard.stats.shown import tell_count

__all__ = ["design"]


def design(brief_path: str | Path, out: str | Path, *, progress: Progress = silent) -> Plan:
    """Plan a programme and write it to a folder; on a finished folder, return the stored plan.

    `progress` is told in words what happens. A plan that does not fit is written all the same, with its clash.

    Raises:
        BadInput: a wrong brief, or a folder that holds something else or belongs to another brief.
    """
    brief, source = load_brief(brief_path), Path(brief_path).parent
    folder, worlds, catalogue = ProgramFolder(out), _worlds(source, brief), load_catalogue(source)
    homes = make_homes(brief, worlds, catalogue)  # before anything is written: a base that is missing is said here
    if folder.path.exists() and not folder.path.is_dir():
        raise bad_input(f"a file {str(folder.path)!r}", "a folder to write to", "choose another with -o")
    with held(folder.path):
        grows = _claim(folder, brief)
        if (folder.path / "plan.json").is_file() and not grows:
            progress(f"{folder.path} is designed already; the stored plan follows")
            return folder.plan()
        if grows:
            progress(f"{folder.path} grows with its brief: drillyard create {folder.path} makes what is missing")
        progress(f"copying {len(brief.policies)} polic{'y' if len(brief.policies) == 1 else 'ies'}")
        _copy_policies(source, folder, brief)
        if opened := withdraw_changed(folder):
            progress(f"{', '.join(opened)} cite what has changed: type drillyard design review {folder.path}")
        for name in catalogue_files(source):
            write_atomically(folder.path / name, (source / name).read_bytes())
        for name in {home for home in homes.worlds.values() if "/" in home}:
            _copy_world(worlds[name], folder.path / name)
        progress(f"planning {tell_count(len(brief.roles), 'role')}")
        plan = make_plan(brief, catalogue, homes)
        write_atomically(folder.path / "plan.html", plan_page(brief, plan).encode())
        write_atomically(folder.path / "plan.csv", plan_csv(plan).encode())
        if plan.sessions:
            write_atomically(folder.path / "plan.ics", plan_ics(plan))
        folder.write_plan(plan)  # last: with it the folder counts as designed
        if grows:
            folder.write_brief(brief)  # after the plan: a run that is killed between the two is begun again
    return plan


def _claim(folder: ProgramFolder, brief: Brief) -> bool:
    """Make the folder this brief's own, or refuse one that is not. Return whether the stored brief is to grow."""
    path = folder.path
    if (path / "brief.json").is_file():
        return has_grown(folder.brief(), brief, repr(str(path)))
    # Hidden files may be drafts of a run that was killed.
    if path.is_dir() and any(not entry.name.startswith(".") for entry in path.iterdir()):
        raise bad_input(f"other files in {str(path)!r}", "a new or empty folder", "choose another with -o")
    folder.write_brief(brief)
    return False


def _worlds(source: Path, brief: Brief) -> dict[str, World]:
    """Return the worlds of a brief's systems, in their order, by the names that they have in a programme folder.

    Raises:
        BadInput: two worlds of one's own are called the same.
    """
    found: dict[str, World] = {}
    for system in brief.systems:
        world = world_of(source, system)
        name = world.reference if world.files.shipped else f"worlds/{world.name}"
        if found.setdefault(name, world).files.digest != world.files.digest:
            raise bad_input(
                f"two worlds called {world.name!r}", "a name of its own for each", "change it in world.yaml"
            )
    return found


def _copy_world(world: World, to: Path) -> None:
    """Copy a world of one's own and its trained base, so that the programme stays as it was made."""
    base = base_folder(world.reference)
    to.mkdir(parents=True, exist_ok=True)
    for name in (*(f"{part}.yaml" for part in PARTS), "variants.yaml"):
        if (world.files.folder / name).is_file():
            write_atomically(to / name, (world.files.folder / name).read_bytes())
    for file in (path for path in base.rglob("*") if path.is_file() and path.suffix != ".pt"):  # training's own
        write_atomically(to / "base" / file.relative_to(base), file.read_bytes())


def _copy_policies(source: Path, folder: ProgramFolder, brief: Brief) -> None:
    for policy in brief.policies:
        data = policy_bytes(source, policy)
        if hashlib.sha256(data).hexdigest() != policy.sha256:
            raise bad_input(f"policy {policy.path!r} changed while it was read", "a file at rest", "run design again")
        write_atomically(folder.path / policy.path, data)  # policies/…, so paths mean here what they mean there
    named = {folder.path / policy.path for policy in brief.policies}
    for left in (path for path in folder.policies.rglob("*") if path.is_file() and path not in named):
        left.unlink()
