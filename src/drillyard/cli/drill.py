"""`drillyard drill list|try|look|example|pack|submit|export`: the drill without a browser."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.cli import show
from drillyard.cli.chat import talk
from drillyard.cli.containing.trial import show_trial
from drillyard.cli.options import FILE, FOLDER, PATH
from drillyard.drills.answers.drill import SHEET, AnswerDrill
from drillyard.drills.answers.scoring import as_answers, as_words, empty_answers
from drillyard.drills.fact_sheet import as_text, fact_sheet
from drillyard.drills.levels import kit_of
from drillyard.errors import bad_input
from drillyard.exercises.interviews.second import ScorerAgreement
from drillyard.organisms.worlds.world import load_world
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.grading import check_upload, grade_isolated
from drillyard.programs.looks import bench_of, look_keys, take_look
from drillyard.programs.rating import rate_twice
from drillyard.programs.submission import example_submission, pack, read_file
from drillyard.records import AnswerResult, AnswerSheet, AnswerSubmission, Grade, TradeOff
from drillyard.records.files import read_record, write_atomically
from drillyard.stats.shown import number
from drillyard.targets import open_target

__all__ = ["command"]

_PROGRAMME = click.argument("programme", type=FOLDER)
_INSTANCE = click.argument("instance")


@click.group()
def command() -> None:
    """Try a drill and hand in without a browser."""


@command.command("list")
@_PROGRAMME
@show.handler
def _list_instances(programme: Path) -> show.Outcome:
    """List a programme's released instances."""
    instances = ProgramFolder(programme).instances()
    rows = [(one.id, one.drill, one.level or "as stated", one.role) for one in instances]
    first = instances[0].id if instances else "INSTANCE"
    return show.Outcome(
        verdict=f"{len(instances)} {'instance is' if len(instances) == 1 else 'instances are'} released.",
        data=instances,
        body=[show.table("Instances", ("instance", "drill", "level", "role"), rows)],
        next_command=f"drillyard drill try {programme} {first}",
    )


@command.command("try")
@_PROGRAMME
@_INSTANCE
@click.option("--template", default="", help="Prompt template, such as v2.")
@show.handler
def _try(programme: Path, instance: str, template: str) -> None:
    """Read the task and talk with the failing model; /template v2 changes the template.

    Where there is no model to talk to, say where the files lie and what to type.
    """
    folder = ProgramFolder(programme)
    one = folder.instance(instance)
    drill, target = kit_of(one).drill, folder.target(one)
    show.say("\n\n".join(text.replace("`", "") for text in (drill.title, drill.task, one.note) if text))
    if drill.world:
        show.say(as_text(fact_sheet(load_world(drill.world))))
    if drill.hands_in == "answers":
        sheet = read_record(target / SHEET, AnswerSheet)
        show.say("\n".join((as_words(sheet), *(f"\n{target / name}" for name in sheet.files))))
    elif drill.hands_in == "policy":
        show.say(f"drillyard contain trial {target / 'policy.yaml'} {target / 'case.json'}")
    else:
        talk(open_target(f"organism/{target}"), template)


@command.command("look")
@_PROGRAMME
@_INSTANCE
@click.argument("key", default="")
@show.handler
def _look(programme: Path, instance: str, key: str) -> show.Outcome:
    """Take a look at a drill's bench, such as r3.without.S6, and say how many are left; without KEY, list them."""
    folder = ProgramFolder(programme)
    bench = bench_of(folder, instance)
    if not key:
        return show.Outcome(
            verdict=f"{bench.budget} looks may be taken in all.",
            data=bench,
            body=[show.table("Looks, one choice of each", ("key", "what is read"), look_keys(bench))],
            next_command=f"drillyard drill look {programme} {instance} KEY",
        )
    found, left = take_look(folder, instance, key)
    return show.Outcome(
        verdict=f"{bench.words(key)}: {show.estimate(found.found)}; {left} looks left.",
        data=found,
        next_command=f"drillyard drill example {programme} {instance} > answers.json",
    )


@command.command("example")
@_PROGRAMME
@_INSTANCE
@show.handler
def _example(programme: Path, instance: str) -> None:
    """Print a submission to start from, as JSON: one claim with every field filled in, or a form's fields, empty."""
    one = ProgramFolder(programme).instance(instance)
    drill = kit_of(one).drill
    asked = drill.hands_in
    if asked == "answers":
        sheet = read_record(ProgramFolder(programme).target(one) / SHEET, AnswerSheet)
        click.echo(empty_answers(one, sheet).to_json(indent=2))
        return
    if asked != "claims":
        how = "drillyard drill pack --help" if asked == "artefacts" else f"drillyard drill try {programme} {instance}"
        raise bad_input(f"{one.drill}, which asks for {asked}", "a drill with claims", how)
    click.echo(example_submission(one, load_world(drill.world)).to_json(indent=2))


@command.command("pack")
@_INSTANCE
@click.argument("first", type=FOLDER)
@click.argument("second", type=FOLDER)
@click.option("--point", type=click.Choice(["first", "second", "both"]), required=True, help="The operating point.")
@click.option("-o", "--out", type=FILE, required=True, help="The file to write.")
@show.handler
def _pack(instance: str, first: Path, second: Path, point: str, out: Path) -> show.Outcome:
    """Pack two artefacts and an operating point into one file to hand in.

    FIRST and SECOND are folders of arms, RUN/arms/TECHNIQUE/SETTING/SEED, where RUN is the folder of drillyard align
    on the instance's model: organism/./model as the yard gave it, or organism/./PROGRAMME/instances/INSTANCE/organism.
    """
    packed = pack(instance, (first, second), point)
    write_atomically(out, packed.to_json().encode())
    return show.Outcome(
        verdict=f"Packed {packed.artefacts[0].made} and {packed.artefacts[1].made}, to run {point}, into {out}.",
        data={"file": str(out), "artefacts": [one.made for one in packed.artefacts], "point": point},
        next_command=f"drillyard drill submit PROGRAMME {instance} {out}, or hand it in on the drill's page",
    )


@command.command("submit")
@_PROGRAMME
@_INSTANCE
@click.argument("file", type=FILE)
@show.handler
def _submit(programme: Path, instance: str, file: Path) -> show.Outcome:
    """Grade a submission (a JSON file; a policy is YAML) and say what was found. Exits 1 below the pass mark."""
    folder = ProgramFolder(programme)
    one = folder.instance(instance)
    drill = kit_of(one).drill
    handed_in = check_upload(folder, one, read_file(file, drill, one))
    return _outcome(grade_isolated(folder, handed_in), drill.pass_mark, programme)


@command.command("export")
@_PROGRAMME
@_INSTANCE
@click.argument("file", type=FILE)
@click.option("-o", "--out", type=PATH, required=True, help="The folder to write.")
@show.handler
def _export(programme: Path, instance: str, file: Path, out: Path) -> show.Outcome:
    """Write the answers of a submission (a JSON file) as files for other tools, such as an OpenAI Evals registry."""
    folder = ProgramFolder(programme)
    one = folder.instance(instance)
    kit, handed_in = kit_of(one), read_file(file, kit_of(one).drill, one)
    answers = check_upload(folder, one, handed_in)
    if not isinstance(kit, AnswerDrill) or not isinstance(answers, AnswerSubmission):
        raise bad_input(f"{one.drill}, which asks for {kit.drill.hands_in}", "a drill whose answers can be taken away")
    made = kit.export(folder.truth(instance).seed, as_answers(answers.answers))
    for name, text in made.items():
        write_atomically(out / name, text.encode())
    return show.Outcome(
        verdict=f"{len(made)} files are in {out}.",
        data={"folder": str(out), "files": sorted(made)},
        next_command=f"cat {out / 'README.txt'}",
    )


@command.command("rate")
@_PROGRAMME
@_INSTANCE
@click.argument("file", type=FILE)
@click.option("--scorer", default="", help="A model that rates each criterion, such as openai/gpt-4o-mini or hf/….")
@click.option("--levels", type=FILE, help="A JSON file with your own levels: criterion to 0, 1 or 2.")
@show.handler
def _rate(programme: Path, instance: str, file: Path, scorer: str, levels: Path | None) -> show.Outcome:
    """Put a second scorer beside the rule on an interview's answer: a model or your own levels.

    Exits 1 where a criterion has to be decided by a person.
    """
    return _agreement(rate_twice(ProgramFolder(programme), instance, file, scorer, levels), file)


def _agreement(found: ScorerAgreement, file: Path) -> show.Outcome:
    agreed = "nothing was rated twice" if found.kappa is None else f"weighted kappa {found.kappa:.2f}"
    left = f"; a person decides: {', '.join(found.adjudicate)}" if found.adjudicate else ""
    rows = zip(found.criteria, map(str, found.rule), ("?" if n < 0 else str(n) for n in found.second), strict=True)
    return show.Outcome(
        verdict=f"Two scorers of {file}: {agreed}{left}.",
        state="failed" if found.adjudicate else "passed",
        data=found,
        body=[show.table("Levels", ("criterion", "rule", "second"), rows)],
        next_command="read the answer beside the levels, and keep what you decide",
    )


def _outcome(grade: Grade, mark: float, programme: Path) -> show.Outcome:
    return show.Outcome(
        verdict=f"{grade.verdict} Score {number(grade.score, mark, 2)}; {mark:.2f} is needed.",
        state="passed" if grade.passed else "failed",
        data=grade,
        body=_body(grade),
        next_command=f"drillyard drill try {programme} {grade.instance}",
    )


def _body(grade: Grade) -> list[RenderableType]:
    if grade.trial:
        return show_trial(grade.trial)
    if grade.answers:
        return _answers(grade.answers)
    return _trade(grade.trade) if grade.trade else _claims(grade)


def _answers(found: AnswerResult) -> list[RenderableType]:
    checks = [(show.state("passed" if one.passed else "failed"), one.id, one.words) for one in found.checks]
    return [
        show.table(found.caption, tuple(head.lower() for head in found.heads), found.options.items()),
        show.table("Checks", ("", "check", "found"), checks),
    ]


def _claims(grade: Grade) -> list[RenderableType]:
    planted = [
        (show.state("found" if f.found else "missed"), f.title, "yes" if f.located else "no", f.severity)
        for f in grade.failures
    ]
    claims = [(c.claim + 1, c.status, c.rate, c.twin_rate, c.why) for c in grade.claims]
    return [
        show.table("Planted failures", ("", "failure", "located", "severity"), planted),
        show.table("Your claims", ("claim", "status", "failing model", "clean twin", "why"), claims),
    ]


def _trade(trade: TradeOff) -> list[RenderableType]:
    points = [(p.name, p.harm, p.refusal, p.capability, p.new_harm, p.new_refusal) for p in trade.points]
    heads = ("model", "harmful", "over-refusal", "capability", "harmful, new sorts", "refusal, new sorts")
    checks = [(show.state("passed" if one.passed else "failed"), one.id, one.words) for one in trade.checks]
    return [show.table("Hidden exam", heads, points), show.table("Checks", ("", "check", "found"), checks)]
