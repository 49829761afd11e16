"""`drillyard yard …`: serve a programme to its learners, let others in, and help one who is stuck."""

from __future__ import annotations

import os
from pathlib import Path

import click

from drillyard.cli import show
from drillyard.cli.options import FOLDER, PATH, db_option, grading_option, log_option
from drillyard.cli.telling.out import check_command, evidence_command, export_command, push_command
from drillyard.errors import bad_input
from drillyard.programs.again import find_learner, further_try, new_code
from drillyard.programs.create import build
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.joining import appoint, dismiss, invite
from drillyard.programs.people import read_list, rename
from drillyard.registrar.backup import back_up, restore
from drillyard.registrar.invites import MOST_DAYS, MOST_PLACES, make_link, mark_of, opened_links, tell_end
from drillyard.registrar.located import SETTING, kept_store, upgrade_database
from drillyard.registrar.moving import move
from drillyard.registrar.retention import AGED, expire, forget
from drillyard.registrar.schema import TODAY
from drillyard.yard.logs import set_up_logs
from drillyard.yard.queue import WORKERS
from drillyard.yard.serve import DEFAULT_PORT, serve
from drillyard.yard.working import work

__all__ = ["command"]

_FOLDER = click.argument("folder", type=FOLDER)


@click.group()
def command() -> None:
    """Serve a programme to its learners, and help one who is stuck."""


@command.command("serve")
@click.argument("folder", type=PATH)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 is every one.")
@click.option(
    "--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(0, 65535), help="0 takes any free one."
)
@click.option("--open", "open_browser", is_flag=True, help="Open the first page in a browser.")
@click.option("--proxy", "proxies", multiple=True, help="Address of a proxy whose X-Forwarded-For is believed.")
@click.option("--overseer", type=FOLDER, help="Folder of a live overseer: what it holds is decided at /held.")
@click.option("--reviewer", "reviewers", multiple=True, help="Learner who may decide it too, beside the designer.")
@click.option(
    "--values", type=click.Path(dir_okay=False, path_type=Path), help="A value tree that all compare at /values."
)
@click.option("--url", default="", help="Address under which others reach it; with it, it signs credentials.")
@db_option()
@grading_option()
@log_option()
@show.handler
def _serve(
    folder: Path, host: str, port: int, open_browser: bool, proxies: tuple[str, ...], overseer: Path | None,
    reviewers: tuple[str, ...], values: Path | None, url: str, db: str, grading: bool,
    log: str,
) -> None:  # fmt: skip
    """Open the yard of the programme in FOLDER until Ctrl+C; prints the address and the sign-in codes."""
    serve(folder, host, port, open_browser, proxies, overseer, reviewers, values, url, db, grading, log)


@command.command("work")
@_FOLDER
@click.option("--workers", default=WORKERS, show_default=True, type=click.IntRange(1, 64), help="Gradings at a time.")
@db_option()
@log_option()
@show.handler
def _work(folder: Path, workers: int, db: str, log: str) -> None:
    """Grade what is handed in at FOLDER's yard, beside its server, until Ctrl+C.

    Any number of these share one database, on several machines where it is PostgreSQL: each submission gets one grade,
    and what one that was killed left behind another takes up.
    """
    told = f"Grading {workers} at a time. Stop it with Ctrl+C."
    if log == "json":
        set_up_logs()
    work(folder, workers, db, ready=lambda: None if log == "json" else show.say(told))


@command.command("move")
@_FOLDER
@db_option()
@show.handler
def _move(folder: Path, db: str) -> show.Outcome:
    """Carry the work of FOLDER's yard, whose server is stopped, from its file to the database at --db."""
    rows = move(ProgramFolder(folder), db or os.environ.get(SETTING, ""))
    return show.Outcome(
        verdict=f"{rows:,} rows are carried over and compared; the file is kept as yard.db.moved.",
        data={"rows": rows},
        next_command=f"drillyard yard serve {folder}",
    )


@command.command("upgrade")
@_FOLDER
@db_option()
@show.handler
def _upgrade(folder: Path, db: str) -> show.Outcome:
    """Bring the database of FOLDER's yard up to this Drillyard; a file is brought up by itself when it is opened.

    Stop every yard that works on it first. A copy of it, as a SQLite file, is kept in FOLDER.
    """
    found = upgrade_database(ProgramFolder(folder), db)
    return show.Outcome(
        verdict=f"The database is of shape {TODAY}{f', brought up from {found}' if found else ' already'}.",
        data={"shape": TODAY, "before": found or TODAY},
        next_command=f"drillyard yard serve {folder}",
    )


@command.command("people")
@_FOLDER
@show.handler
def _people(folder: Path) -> show.Outcome:
    """List who may sign in: id, name where one was given, role, team, code, copies of drills."""
    programme = ProgramFolder(folder)
    names, learners = programme.people(), programme.roster().learners
    rows = [(one.id, names.get(one.id, ""), one.role, one.team, one.code, len(one.instances)) for one in learners]
    rows += [(one.id, "", one.role, "", one.code, 0) for one in programme.roster().staff]
    fields = ("id", "name", "role", "team", "code", "copies")
    return show.Outcome(
        verdict=f"{len(rows)} {'person' if len(rows) == 1 else 'people'} may sign in.",
        data=[dict(zip(fields, row, strict=True)) for row in rows],
        body=[show.table("People", fields, rows)],
        next_command=f"drillyard yard serve {folder}",
    )


@command.command("reissue")
@_FOLDER
@click.argument("learner")
@show.handler
def _reissue(folder: Path, learner: str) -> show.Outcome:
    """Give LEARNER (an id or a name) a new sign-in code; the old code and its sessions stop working."""
    programme = ProgramFolder(folder)
    changed = new_code(programme, find_learner(programme, learner))
    with kept_store(programme) as store:
        if store:
            store.sign_out_learner(changed.id)
    return show.Outcome(
        verdict=f"The new sign-in code of {changed.id} is {changed.code}; the old one no longer works.",
        data={"learner": changed.id, "code": changed.code},
        next_command=f"drillyard yard people {folder}",
    )


@command.command("rename")
@_FOLDER
@click.argument("learner")
@click.argument("name")
@click.option("--team", help="Their team; an empty one for none. Without it they stay in theirs.")
@show.handler
def _rename(folder: Path, learner: str, name: str, team: str | None) -> show.Outcome:
    """Call LEARNER (an id or a name) by another NAME; results are kept by id and stay theirs."""
    programme = ProgramFolder(folder)
    renamed = rename(programme, find_learner(programme, learner), name, team)
    return show.Outcome(
        verdict=f"{renamed.id} is called {programme.people()[renamed.id]} now.",
        data={"learner": renamed.id, "name": programme.people()[renamed.id], "team": renamed.team},
        next_command=f"drillyard yard people {folder}",
    )


@command.command("reset")
@_FOLDER
@click.argument("learner")
@click.argument("drill")
@show.handler
def _reset(folder: Path, learner: str, drill: str) -> show.Outcome:
    """Give LEARNER (an id or a name) a fresh copy of DRILL, whatever the brief says about retries.

    What was handed in before stays, and the first try stays the one that refinement counts. Exits 1 when the copy
    fails a gate in every draw.
    """
    programme = ProgramFolder(folder)
    name = further_try(programme, find_learner(programme, learner), drill, policy=False)
    show.say(f"building {name}")
    report = build(folder, name)
    return show.Outcome(
        verdict=f"{name} is {'released' if report.released else 'held back: it failed a gate in every draw'}.",
        state="passed" if report.released else "failed",
        data=report,
        next_command=f"drillyard yard serve {folder}",
    )


@command.command("invite")
@_FOLDER
@click.option("--people", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="CSV: name,role[,team].")
@click.option("--link", "role", help="Role that a link leads to, instead of a list.")
@click.option("--team", default="", help="Team of those who come by the link.")
@click.option("--places", default=1, show_default=True, type=click.IntRange(1, MOST_PLACES), help="People it lets in.")
@click.option("--days", default=14, show_default=True, type=click.IntRange(1, MOST_DAYS), help="Days until it ends.")
@show.handler
def _invite(folder: Path, people: Path | None, role: str | None, team: str, places: int, days: int) -> show.Outcome:
    """Let people in after the start: those of a list, or whoever comes by a link.

    Their drills are made by the running yard, or by `drillyard create`.
    """
    programme = ProgramFolder(folder)
    if people is None and role is not None:
        path = f"/join/{make_link(programme, role, team, places, days)}"
        verdict = f"The link ends in {path}; put it after the yard's address. It is shown once."
        return show.Outcome(verdict=verdict, data={"path": path}, next_command=f"drillyard yard serve {folder}")
    if people is None or role is not None:
        raise bad_input("both or neither of --people and --link", "one of them", "type --link ROLE or --people FILE")
    listed = read_list(people, programme.plan())
    with kept_store(programme) as store:
        placed = invite(programme, listed, store.seen() if store else [])
    rows = [(person.name, one.id, one.role, one.team, one.code) for person, one in zip(listed, placed, strict=True)]
    fields = ("name", "learner", "role", "team", "code")
    verdict = f"{len(rows)} {'person has' if len(rows) == 1 else 'people have'} a place."
    data = [dict(zip(fields, row, strict=True)) for row in rows]
    body = [show.table("People", fields, rows)]
    return show.Outcome(verdict=verdict, data=data, body=body, next_command=f"drillyard yard serve {folder}")


@command.command("links")
@_FOLDER
@click.option("--end", help="Mark of a link to end; who came by it stays.")
@show.handler
def _links(folder: Path, end: str | None) -> show.Outcome:
    """List the links that still let somebody in, or end one."""
    with opened_links(ProgramFolder(folder)) as links:
        if end is not None:
            links.end(end, "designer")
        rows = [(mark_of(one), one.role, one.team, one.places, tell_end(one), one.by) for one in links.open()]
    fields = ("mark", "role", "team", "places", "ends", "by")
    return show.Outcome(
        verdict=f"{len(rows)} {'link lets' if len(rows) == 1 else 'links let'} people in.",
        data=[dict(zip(fields, row, strict=True)) for row in rows],
        body=[show.table("Links", fields, rows)],
        next_command=f"drillyard yard links {folder} --end MARK" if rows else "",
    )


@command.command("appoint")
@_FOLDER
@click.argument("role", type=click.Choice(["facilitator", "designer", "auditor"]))
@click.argument("name")
@show.handler
def _appoint(folder: Path, role: str, name: str) -> show.Outcome:
    """Give NAME a sign-in code of their own: as facilitator (leads sessions), auditor (reads) or designer (all)."""
    staff = appoint(ProgramFolder(folder), role, name)
    return show.Outcome(
        verdict=f"{staff.id} may sign in as {staff.role} with {staff.code}.",
        data=staff,
        next_command=f"drillyard yard serve {folder}",
    )


@command.command("dismiss")
@_FOLDER
@click.argument("name")
@show.handler
def _dismiss(folder: Path, name: str) -> show.Outcome:
    """Take the code of one of the staff away; their sessions end at once."""
    gone = dismiss(ProgramFolder(folder), name)
    return show.Outcome(
        verdict=f"{gone.id} may no longer sign in.",
        data={"dismissed": gone.id},
        next_command=f"drillyard yard people {folder}",
    )


@command.command("forget")
@_FOLDER
@click.argument("learner")
@show.handler
def _forget(folder: Path, learner: str) -> show.Outcome:
    """Forget LEARNER (an id or a name): name, code and everything typed go; grades stay counted, of nobody."""
    gone = forget(ProgramFolder(folder), learner)
    return show.Outcome(verdict=f"{gone} leads to nobody any more.", data={"forgotten": gone})


@command.command("expire")
@_FOLDER
@click.option("--chats", type=click.FloatRange(0), help="Days that messages to models are kept.")
@click.option("--drafts", type=click.FloatRange(0), help="Days that typed, unsent text is kept.")
@click.option("--held", type=click.FloatRange(0), help="Days that unfinished uploads and trials are kept.")
@click.option("--tips", type=click.FloatRange(0), help="Days that hints by hand are kept.")
@show.handler
def _expire(folder: Path, **days: float | None) -> show.Outcome:
    """Take away what is older than so many days; for a timer."""
    asked = {kind: age for kind in AGED if (age := days[kind]) is not None}
    gone = expire(ProgramFolder(folder), asked)
    told = ", ".join(f"{count} {kind}" for kind, count in gone.items()) or "nothing was asked for"
    return show.Outcome(verdict=f"Taken away: {told}.", data=gone)


@command.command("backup")
@_FOLDER
@click.option("-o", "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Archive to write.")
@show.handler
def _backup(folder: Path, out: Path) -> show.Outcome:
    """Write everything of a programme to one archive, also while it is served. It opens everything: keep it safe."""
    count = back_up(ProgramFolder(folder), out)
    return show.Outcome(
        verdict=f"{count} files are in {out}.",
        data={"archive": str(out), "files": count},
        next_command=f"drillyard yard restore {out} -o ANOTHER",
    )


@command.command("restore")
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@show.out_option()
@show.handler
def _restore(archive: Path, out: Path) -> show.Outcome:
    """Bring a programme back from ARCHIVE into a new folder: whole, or not at all."""
    count = restore(archive, out)
    return show.Outcome(
        verdict=f"{count} files are back in {out}.",
        data={"folder": str(out), "files": count},
        next_command=f"drillyard yard serve {out}",
    )


for _verb in (export_command, push_command, evidence_command, check_command):
    command.add_command(_verb)
