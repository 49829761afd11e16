"""A yard in which every page has something to show: each kind of drill, in hand, waiting, graded; a session."""

from __future__ import annotations

import html
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from drills.artefacts.packed import trade_grade
from starlette.applications import Starlette
from yard.course import plan_course
from yard.small_programme import DESIGNER_CODE, FIELDS, EchoingModel, grade_of, until
from yard.test_again import copy_instance
from yard.test_fits import CHOICES, FITTED
from yard.test_paper import GRADED, take_looks
from yard.test_repair import read_here
from yard.visitor import Visitor

from drillyard.containment.adversaries.trial import try_policy
from drillyard.containment.gateway.policy import policy_of
from drillyard.drills import load_kit
from drillyard.errors import GradingFailed
from drillyard.exercises.contain_the_oracle.exam import DeskExam
from drillyard.organisms.listening import listen, run_in_background
from drillyard.oversight.live.critic import open_critic
from drillyard.oversight.live.overseer import HoldQueue, Overseen
from drillyard.oversight.live.policy import OverseerPolicy
from drillyard.oversight.values.asking import AskedTree
from drillyard.planning.catalogue import load_catalogue
from drillyard.planning.lessons import load_lesson
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.grading import grade_here, open_exam
from drillyard.programs.joining import appoint, join
from drillyard.programs.people import Person
from drillyard.programs.roster import Learner, instance_name
from drillyard.records import AnySubmission, Conversation, Grade, Instance, Scheduled, Submission
from drillyard.targets.null import ScriptedTarget
from drillyard.yard.app import make_app

__all__ = ["CODES", "House", "open_house"]

_TREE = Path(__file__).parents[2] / "examples" / "values" / "helpdesk.yaml"
_SEED = 2**61 + 5
_HUNT, _DESK, _REPAIR = "failure-hunt", "contain-the-oracle", "too-permissive-too-censored"
_EVALS, _PAPER, _DEBATE, _BENCH = "benchmark-builder", "investment-case", "judge-a-debate", "read-the-models-mind"
_TAKES = {
    "anna": (_HUNT,),
    "bob": (_HUNT,),
    "cay": (_HUNT,),
    "dee": (_DESK,),
    "eve": (_PAPER, _EVALS, _DEBATE, _BENCH),
    "flo": (_REPAIR,),
    "fox": (_REPAIR,),
    "hal": (_HUNT,),
    "ida": (_HUNT,),
    **{f"kim{number}": (_HUNT,) for number in range(5)},
}
_NAMES = {"anna": "Annabel Quist", "cay": "Cay Lund", "hal": "Hal Orr", "kim0": "Kim Tarr", "kim1": "Kim Tarr"}
CODES = {name: f"{name:a<4}-aaaa-bbbb-cccc" for name in _TAKES} | {"designer": DESIGNER_CODE}
"""Sign-in codes by who it is."""


@dataclass(frozen=True, kw_only=True)
class House:
    """A served yard: where it is, its folder, codes by name, an open invitation."""

    address: str
    app: Starlette
    folder: ProgramFolder
    codes: dict[str, str]
    invitation: str
    preparing: str


class Graders:
    """Grades each kind of drill; one submission cannot be graded, and one waits until the house is closed."""

    def __init__(self, folder: ProgramFolder) -> None:
        self.folder, self.closing = folder, threading.Event()

    def __call__(self, submission: AnySubmission) -> Grade:
        """Grade a submission."""
        if submission.learner == "hal":
            raise GradingFailed("the model could not be loaded")
        if submission.learner == "ida":
            self.closing.wait()
        if submission.instance.startswith(_REPAIR):
            return trade_grade(submission)
        if not isinstance(submission, Submission):
            return grade_here(self.folder, submission)
        grade = grade_of(submission)
        passed = submission.learner in ("anna", "kim1", "kim2")
        score = 0.9 if passed else 0.4
        planted = self.folder.truth(submission.instance).failures
        failures = tuple(
            one.model_copy(update={"failure": mode.id, "title": mode.title})
            for one, mode in zip(grade.failures, planted, strict=False)
        )
        return grade.model_copy(update={"failures": failures, "passed": passed, "score": score, "final": score})

    def check(self, instance: Instance, data: bytes) -> AnySubmission:
        """Read an upload, and hold it to what its drill asks for; there is no model to try a repair on."""
        submission = read_here(instance, data)
        if instance.drill != _REPAIR:
            load_kit(instance.drill).check(open_exam(self.folder, instance.id), submission)
        return submission


@contextmanager
def open_house(path: Path) -> Iterator[House]:
    """Serve the yard, with everybody's work in it."""
    folder = _furnish(path / "prog")
    staff = {role: appoint(folder, role, f"Sam {role}").code for role in ("facilitator", "auditor")}
    newcomer = join(folder, Person(name="Gil Quist", role="engineer", team="Blue"))
    desk: DeskExam = load_kit(_DESK).materialise(instance_name(_DESK, "dee"), "engineer", _SEED)
    load_kit(_DESK).save(desk, folder.target(desk.instance))
    folder.write_truth(desk.truth)
    folder.write_instance(desk.instance)
    grader = Graders(folder)
    shutil.copy(_TREE, path / "tree.yaml")
    app = make_app(
        folder.path, targets=lambda _: EchoingModel(), grader=grader, build=lambda *_: _wait(grader.closing),
        checker=grader.check, fit=lambda *_: FITTED, trier=lambda _, text: try_policy(policy_of(text), desk.known),
        overseer=_queue(path / "overseer"), weighed=AskedTree(path / "tree.yaml"), url="https://yard.example.org",
    )  # fmt: skip
    codes = CODES | staff | {"gil": newcomer.code}
    with listen("127.0.0.1", 0) as listener, run_in_background(app, listener):
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        link = app.state.yard.invites.make("engineer", "Sam facilitator", "Blue", 40)
        (copy,) = newcomer.instances
        house = House(address=address, app=app, folder=folder, codes=codes, invitation=f"/join/{link}", preparing=copy)
        _work(house)
        yield house
        grader.closing.set()


def _wait(closing: threading.Event) -> None:
    closing.wait()
    raise GradingFailed("the house is closed")


def _furnish(path: Path) -> ProgramFolder:
    folder = plan_course(path)
    _add_led(folder)
    taken = {name: tuple(instance_name(drill, name) for drill in drills) for name, drills in _TAKES.items()}
    learners = tuple(
        Learner(id=name, role="engineer", code=CODES[name], instances=copies, team="Blue" if name < "e" else "Green")
        for name, copies in taken.items()
    )
    folder.write_roster(folder.roster().model_copy(update={"learners": learners}))
    folder.write_people(_NAMES)
    for name in (copy for copies in taken.values() for copy in copies):
        copy_instance(folder, name)
    for name in ("flo", "fox"):
        copy = instance_name(_REPAIR, name)
        as_repair = {"drill": _REPAIR, "behaviours": (), "note": "No cracking in this house."}
        folder.write_instance(folder.instance(copy).model_copy(update=as_repair))
        (folder.path / "instances" / copy / "organism").mkdir(parents=True)
    real = (_HUNT, _PAPER, _EVALS, _DEBATE, _BENCH)
    for name, drill in ((name, drill) for name, drills in _TAKES.items() for drill in drills if drill in real):
        exam = load_kit(drill).materialise(instance_name(drill, name), "engineer", _SEED)
        load_kit(drill).save(exam, folder.target(exam.instance))
        folder.write_truth(exam.truth)
        folder.write_instance(exam.instance)
    return folder


def _add_led(folder: ProgramFolder) -> None:
    """Plan an activity that a facilitator leads, and something to read."""
    plan = folder.plan()
    wanted = [one for one in load_catalogue().activities if one.id in ("hunt-debrief", "read-the-policies")]
    steps = tuple(Scheduled(activity=one, start=0) for one in wanted)
    roles = [one.model_copy(update={"activities": (*one.activities, *steps)}) for one in plan.roles]
    folder.write_plan(plan.model_copy(update={"roles": tuple(roles)}))


def _queue(path: Path) -> HoldQueue:
    asked = Conversation.ask("how long is the warranty of the Fjord, and do you have it in a shade of petrol?")
    queue, policy = HoldQueue(path), OverseerPolicy(name="shop", rewrites=0)
    target = ScriptedTarget({asked.last_user: ["The Fjord has a warranty of 7 years."]})
    for _ in range(2):
        Overseen(target, open_critic("debate", policy), policy, queue).answer(asked, 0, {"user": "customer 7"})
    return queue


def _work(house: House) -> None:
    """Do what leaves something to see on every page."""
    for name, drills in _TAKES.items():
        with httpx.Client(base_url=house.address, follow_redirects=True, timeout=60) as client:
            someone = Visitor(client).sign_in(house.codes[name])
            for drill in drills:
                here = f"/drills/{instance_name(drill, name)}"
                someone.get(here)
                _WORK[drill](someone, here, name)
    with httpx.Client(base_url=house.address, follow_redirects=True, timeout=60) as client:
        staff = Visitor(client).sign_in(house.codes["facilitator"])
        staff.get(f"/live/at/{instance_name(_HUNT, 'cay')}")
        staff.send(f"/live/at/{instance_name(_HUNT, 'cay')}", words="Ask the same thing under each template.")
        staff.get("/live")
        staff.send("/live", what="announced", words="Ten minutes left.")


def _hunt(someone: Visitor, here: str, name: str) -> None:
    someone.send(f"{here}/chat", template="v2", prompt="What does the Aurora cost?")
    someone.send(f"{here}/claims", **FIELDS)
    if name == "cay":
        someone.send(f"{here}/hints", place="0")
        return
    someone.get(f"{here}/submit")
    someone.send(f"{here}/submit")
    until(lambda: name == "ida" or "Your claims are being" not in someone.get(f"{here}/result"))
    if name == "anna":
        lesson = load_lesson("watch-it-fail")
        someone.get(f"/lessons/{lesson.id}")
        someone.send(f"/lessons/{lesson.id}/answer", question=lesson.questions[0].id, answer=lesson.questions[0].key)


def _desk(someone: Visitor, here: str, _name: str) -> None:
    (policy,) = re.findall(r'<textarea[^>]*name="policy"[^>]*>\n(.*?)</textarea>', someone.page, re.DOTALL)
    someone.send(f"{here}/trial", policy=html.unescape(policy))


def _paper(someone: Visitor, here: str, _name: str) -> None:
    named = re.findall(r'<input id="([\w-]+)" name="\1"', someone.page)
    someone.send(f"{here}/upload", expect=422, **dict.fromkeys(named, "a lot"))


def _evals(someone: Visitor, here: str, _name: str) -> None:
    someone.send(f"{here}/preview", **dict(load_kit(_EVALS).solutions(_SEED)["reference"]))


def _bench(someone: Visitor, here: str, _name: str) -> None:
    looks = [one for one in load_kit(_BENCH).sheet(_SEED).fields if one.kind == "look"]
    known = load_kit(_BENCH).solutions(_SEED)["reference"]
    first = {one.id: known[one.id] if one == looks[0] else "" for one in looks}
    take_looks(someone, load_kit(_BENCH).sheet(_SEED), known | first, here)


def _answered(someone: Visitor, here: str, _name: str) -> None:
    someone.send(f"{here}/upload", **dict(load_kit(_DEBATE).solutions(_SEED)["first-sight"]))
    someone.hand_in(here)
    until(lambda: GRADED.search(someone.get(f"{here}/result")))
    someone.send(f"{here}/end")


def _repair(someone: Visitor, here: str, name: str) -> None:
    someone.get(f"{here}/fits")
    for technique in ("last-layer", "rails"):
        someone.send(f"{here}/fits", **CHOICES | {"technique": technique})
        until(lambda: "One is under way" not in someone.get(f"{here}/fits"))
    first, second = dict.fromkeys(re.findall(r'<option value="(\d+)">Fit', someone.page))
    someone.send(f"{here}/fits/hand-in", first=first, second=second, point="first")
    if name == "flo":
        someone.hand_in(here)
        until(lambda: "harmful compliance" in someone.get(f"{here}/result"))


_WORK = {
    _HUNT: _hunt,
    _DESK: _desk,
    _PAPER: _paper,
    _EVALS: _evals,
    _BENCH: _bench,
    _DEBATE: _answered,
    _REPAIR: _repair,
}
