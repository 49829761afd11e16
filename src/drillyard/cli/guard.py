"""`drillyard guard …`: train a guard, set its threshold on sound replies, check stored replies, serve it as a proxy."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.cli import show
from drillyard.cli.auditing.options import made_by
from drillyard.errors import bad_input
from drillyard.guards.calibration import DAYS, calibrate, expiry, open_calibration, save_calibration
from drillyard.guards.cascade import open_any
from drillyard.guards.check import GuardCheck, check_replies
from drillyard.guards.collect import collect_replies
from drillyard.guards.examples import Example, read_examples
from drillyard.guards.gate import MODES, Mode
from drillyard.guards.learn import learn_guard, measure_guard, save_guard, shipped_examples
from drillyard.guards.proxy.app import GuardedEndpoint
from drillyard.guards.proxy.serve import DEFAULT_PORT, check_upstream, serve_guard
from drillyard.guards.report import verdict, write_report
from drillyard.guards.staging import SHARE, stage_guard
from drillyard.organisms.worlds.world import load_world
from drillyard.stats import conformal_rank
from drillyard.targets import open_target

__all__ = ["command"]

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)
_ONLY_LIKE = "That holds only for replies like those calibrated on; of others any share may be blocked."


@click.group()
def command() -> None:
    """Stop a bad reply while it streams, with a promised rate of false alarms."""


@command.command("train")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=("helpdesk", "clinic"),
    show_default=True,
    help="World that writes examples.",
)
@click.option("--labels", type=_FILE, help='Replies of yours, one a line: {"reply": "…", "shown": [codes]}.')
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of the examples.")
@click.option("-o", "--out", type=_FOLDER, required=True, help="Folder of the guard; another guard in it is kept.")
@show.handler
def _train(scopes: tuple[str, ...], labels: Path | None, seed: int, out: Path) -> show.Outcome:
    """Train a guard on planted replies, on the taxonomy and on labels of yours."""
    worlds = [load_world(name) for name in scopes]
    guard = learn_guard(worlds, read_examples(labels) if labels else (), seed)
    quality = measure_guard(guard, worlds).model_copy(update={"made": made_by(seed)})
    save_guard(guard, quality, out)
    return show.Outcome(
        verdict=f"A guard of {len(guard.behaviours)} behaviours; of planted replies it catches {_share(quality)}.",
        data={"guard": guard.digest, "behaviours": guard.behaviours, "fitted_on": guard.fitted_on, "quality": quality},
        body=[_shares(quality)],
        next_command=f"drillyard guard calibrate {out} --replies sound.jsonl --release NAME",
    )


@command.command("stage")
@click.argument("guard", type=_FOLDER)
@click.argument("stage")
@click.option("--labels", type=_FILE, help="Replies of yours, labelled; their sound ones say what is doubtful.")
@click.option(
    "--scope", "scopes", multiple=True, default=("helpdesk", "clinic"), show_default=True, help="World of examples."
)
@click.option(
    "--share", type=float, default=SHARE, show_default=True, help="Of sound replies, how many it is asked about."
)
@click.option("--seed", type=click.IntRange(min=0), default=3, show_default=True, help="Seed of the examples.")
@click.option("-o", "--out", type=_FOLDER, required=True, help="Folder of the new guard.")
@show.handler
def _stage(
    guard: Path, stage: str, labels: Path | None, scopes: tuple[str, ...], share: float, seed: int, out: Path
) -> show.Outcome:
    """Add a dearer stage that is asked about what the guard doubts: encoder, probe/FILE, judge/REFERENCE, words/FOLDER.

    Calibrate the new guard on other sound replies than those of --labels, then check it: that tells each stage's error.
    """
    told = read_examples(labels) if labels else []
    shipped = shipped_examples([load_world(name) for name in scopes], seed)
    sound = [one for one in told if one.shown == ()]
    examples = [*told, *(one for one in shipped if one.shown or not sound)]
    made = stage_guard(guard, stage, examples, share, out)
    return show.Outcome(
        verdict=f"A guard of {1 + len(made.stages)} stages; {share:.0%} of sound replies go on to {stage}.",
        data={"guard": made.digest, "stages": ["words", *made.stages], "doubts": [link.doubt for link in made.links]},
        next_command=f"drillyard guard calibrate {out} --replies sound.jsonl --release NAME",
    )


@command.command("calibrate")
@click.argument("guard", type=_FOLDER)
@click.option("--replies", type=_FILE, help="Sound replies of the release, one a line.")
@click.option("--target", help="Or a target that is held to be sound, which is asked now.")
@click.option("--scope", default="helpdesk", show_default=True, help="World whose questions the target is asked.")
@click.option("--n", type=click.IntRange(min=1), default=1000, show_default=True, help="Replies of the target.")
@click.option(
    "--alpha", type=float, default=0.01, show_default=True, help="Share of sound replies that may be blocked."
)
@click.option("--release", help="What is released, by name; the target's reference unless told.")
@click.option("--days", type=int, default=DAYS, show_default=True, help="Days after which the calibration ends.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of the questions.")
@show.handler
def _calibrate(
    guard: Path, replies: Path | None, target: str | None, scope: str, n: int, alpha: float, release: str | None,
    days: int, seed: int,
) -> show.Outcome:  # fmt: skip
    """Set a guard's threshold so that at most a share alpha of sound replies is blocked, however long they are."""
    model = open_any(guard)
    expiry(datetime.date.today(), days)
    sound = _sound(replies, target, scope, n, seed, alpha)
    made = calibrate(model, sound, alpha, release or target or str(replies), days=days)
    save_calibration(made, guard)
    rows = [(name or "everybody", one.n, f"{one.tau:.3f}", one.realised) for name, one in made.groups.items()]
    return show.Outcome(
        verdict=f"At most {alpha:.2%} of sound replies of {made.release} are blocked, until {made.expires}. "
        f"{_ONLY_LIKE}",
        data=made,
        body=[show.table("Thresholds", ("group", "replies", "threshold", "really blocked"), rows)],
        next_command=f"drillyard guard serve {guard} --upstream http://127.0.0.1:8000/v1",
    )


def _sound(replies: Path | None, target: str | None, scope: str, n: int, seed: int, alpha: float) -> list[Example]:
    if (replies is None) == (target is None):
        raise bad_input("neither or both of --replies and --target", "one of them")
    if replies:
        return read_examples(replies)
    conformal_rank(n, alpha)  # too few of them are said before anybody is asked
    with show.progress("asking") as told:
        return collect_replies(open_target(str(target)), load_world(scope), n, seed, told)


@command.command("check")
@click.argument("guard", type=_FOLDER)
@click.argument("replies", type=_FILE)
@click.option("--release", default="", help="The release that the replies are of; another calibration is refused.")
@click.option("-o", "--out", type=_FOLDER, help="Folder for the report as JSON and as a page.")
@show.handler
def _check(guard: Path, replies: Path, release: str, out: Path | None) -> show.Outcome:
    """Score stored replies: what is flagged, how often that is right, and whether scores have drifted.

    Exit code 1 says that more sound replies are blocked than was promised, or that the drift watch gave its alarm.
    """
    model = open_any(guard)
    made = check_replies(model, open_calibration(guard, model, release), read_examples(replies))
    made = made.model_copy(update={"made": made_by()})
    if out:
        write_report(made, out)
    state: show.State = "passed" if made.holds else "failed"
    again = (
        f"drillyard guard calibrate {guard} --replies sound.jsonl"
        if not made.holds
        else f"drillyard guard serve {guard} --upstream http://127.0.0.1:8000/v1"
    )
    return show.Outcome(
        verdict=verdict(made),
        data=made,
        state=state,
        body=[_shares(made), *([_stage_errors(made)] if made.stages else [])],
        next_command=again,
    )


@command.command("serve")
@click.argument("guard", type=_FOLDER)
@click.option("--upstream", required=True, help="Base address of the model's server: http://127.0.0.1:8000/v1.")
@click.option(
    "--mode", type=click.Choice(MODES), default="block", show_default=True, help="What becomes of a flagged reply."
)
@click.option("--hold-back", type=int, help="Words that are held back; the guard's window unless told.")
@click.option(
    "--fail",
    type=click.Choice(["closed", "open"]),
    default="closed",
    show_default=True,
    help="Where the guard cannot judge.",
)
@click.option("--release", default="", help="The release behind the address; another calibration is refused.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="Port; 0 takes a free one."
)
@click.option("--token", envvar="DRILLYARD_TOKEN", default="", help="What clients must send as a bearer.")
@click.option("--log", type=_FILE, help="File that gets a JSON line for each flag; no text of replies.")
@show.handler
def _serve(
    guard: Path, upstream: str, mode: Mode, hold_back: int | None, fail: str, release: str, host: str, port: int,
    token: str, log: Path | None,
) -> show.Outcome | None:  # fmt: skip
    """Put a guard in front of an OpenAI-compatible server, streaming.

    With a token, clients send it and the server behind gets OPENAI_API_KEY; without, what clients send is passed on.
    """
    model = open_any(guard)
    endpoint = GuardedEndpoint(
        guard=model,
        calibration=open_calibration(guard, model, release),
        upstream=check_upstream(upstream),
        mode=mode,
        hold=hold_back,
        fail="open" if fail == "open" else "closed",
        key=os.environ.get("OPENAI_API_KEY", "") if token else "",
    )
    ready = _ready(endpoint, show.wants_json())
    if log is None:
        serve_guard(endpoint, host, port, token, ready)
        return None
    with log.open("a", encoding="utf-8", buffering=1) as file:
        endpoint.log = lambda line: print(json.dumps(line), file=file)
        serve_guard(endpoint, host, port, token, ready)
    return None


def _ready(endpoint: GuardedEndpoint, as_json: bool) -> Callable[[str], None]:
    """Return what tells the address once the guard listens, and what it promises."""
    made, upstream, mode = endpoint.calibration, endpoint.upstream, endpoint.mode
    promise = f"Promised: at most {made.alpha:.2%} of sound replies of {made.release} are flagged. {_ONLY_LIKE}"
    told = {"mode": mode, "upstream": upstream, "alpha": made.alpha, "promise": promise}

    def ready(url: str) -> None:
        line = f"{url} guards {upstream} ({mode}). Ctrl+C ends it.\n{promise}"
        click.echo(json.dumps({"url": url, **told}) if as_json else line)

    return ready


def _shares(made: GuardCheck) -> RenderableType:
    rows = [("caught, all", made.recall), ("false alarms", made.false_blocks), *made.by_behaviour.items()]
    for name, null in made.null.items():
        rows += [(f"{name}: caught", null.recall), (f"{name}: false alarms", null.false_blocks)]
    return show.table(f"At a promised {made.alpha:.2%} of sound replies", ("of", "share"), rows)


def _stage_errors(made: GuardCheck) -> RenderableType:
    rows = [(one.stage, one.asked, one.missed, one.passed_on) for one in made.stages]
    return show.table("Stages", ("stage", "asked about", "failing ones let go", "sound ones passed on"), rows)


def _share(made: GuardCheck) -> str:
    return show.estimate(made.recall)
