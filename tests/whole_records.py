"""Records whose fields must fit each other, so that they cannot be drawn field by field: some whole ones of each.

By the name of the class, as other rooms' records are met only where something has loaded them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np

from drillyard.records import Record

__all__ = ["WHOLE"]

EXAMPLES = Path(__file__).parents[1] / "examples" / "oracle"


def games() -> Sequence[Record]:
    """Return audit games."""
    from drillyard.containment.games.bins import REFERENCE
    from drillyard.containment.games.families import monotone_game, random_game

    return [REFERENCE, *(make(np.random.default_rng(i)) for i in range(3) for make in (random_game, monotone_game))]


def audit_reports() -> Sequence[Record]:
    """Return the reports of the assurance examples: drawing one field by field takes twenty seconds."""
    from drillyard.audits.report import AuditReport

    runs = sorted(EXAMPLES.with_name("assurance").glob("*/runs/audit/report.json"))
    return [AuditReport.from_json(path.read_bytes()) for path in runs]


def incentive_spec() -> Sequence[Record]:
    """Return a file of diagrams."""
    from drillyard.containment.incentives.report import oracle_diagrams

    return [oracle_diagrams()]


def diagrams() -> Sequence[Record]:
    """Return diagrams."""
    from drillyard.containment.incentives.report import oracle_diagrams

    return oracle_diagrams().diagrams


def systems() -> Sequence[Record]:
    """Return systems that a strategy is for."""
    from drillyard.containment.strategy.system import SystemSpec, read_system

    return [SystemSpec(), read_system(EXAMPLES / "system.yaml")]


def layers() -> Sequence[Record]:
    """Return layers."""
    from drillyard.containment.horizon.layers import default_layers

    return default_layers()


def layer_files() -> Sequence[Record]:
    """Return files of layers."""
    from drillyard.containment.horizon.layers import Layers, default_layers

    return [Layers(layers=default_layers()[:count]) for count in (0, 1, 13)]


def quorums() -> Sequence[Record]:
    """Return quorums."""
    from drillyard.containment.horizon.layers import Quorum

    return [Quorum(needed=k, reviewers=n, error=0.05) for k, n in ((1, 1), (2, 3), (5, 50))]


def assumption_files() -> Sequence[Record]:
    """Return a file of assumptions."""
    from drillyard.containment.horizon.assumptions import default_assumptions

    return [default_assumptions()]


def assumptions() -> Sequence[Record]:
    """Return assumptions."""
    from drillyard.containment.horizon.assumptions import default_assumptions

    return default_assumptions().assumptions


def trees() -> Sequence[Record]:
    """Return the fault tree of three layers."""
    from drillyard.containment.horizon.assumptions import default_assumptions
    from drillyard.containment.horizon.layers import layers_named
    from drillyard.containment.horizon.layertree import layer_tree
    from drillyard.containment.horizon.setting import HorizonSetting

    return [layer_tree(layers_named(["hold", "consensus", "debate"]), default_assumptions(), HorizonSetting())]


def events() -> Sequence[Record]:
    """Return events of a fault tree."""
    from drillyard.containment.horizon.faulttree import Event

    return [Event(name="theft", low=0.1, high=0.2), Event(name="reading", low=0, high=1, median=0.3)]


def tree_gates() -> Sequence[Record]:
    """Return gates of a fault tree."""
    from drillyard.containment.horizon.faulttree import TreeGate

    return [
        TreeGate(name="all", kind="and", of=("a", "b")),
        TreeGate(name="most", kind="at-least", of=("a", "b", "c"), needed=2),
    ]


def policies() -> Sequence[Record]:
    """Return policies of a gateway."""
    from drillyard.containment.gateway.policy import read_gateway_policy

    return [read_gateway_policy(EXAMPLES / "gateway.yaml")]


def forbidden() -> Sequence[Record]:
    """Return forbidden classes of questions."""
    from drillyard.containment.gateway.policy import Forbidden

    return [Forbidden(name="itself", patterns=(r"\\byour(self)?\\b", "oracle"))]


def steering() -> Sequence[Record]:
    """Return rules on self-fulfilling questions."""
    from drillyard.containment.gateway.policy import Steering

    return [Steering(limit=0.5, weights={"price": 0.4, "election": 1.0})]


def questions() -> Sequence[Record]:
    """Return questions of each kind."""
    from drillyard.containment.gateway.questions import Question

    common = {"topic": "weather", "text": "Will it rain?", "resolves": date(2027, 1, 2)}
    plain = [Question(kind=kind, **common) for kind in ("binary", "grid", "date")]
    return [*plain, Question(kind="category", options=("a", "b"), **common)]


def accounts() -> Sequence[Record]:
    """Return accounts of a gateway."""
    from drillyard.containment.gateway.keys import Account

    return [Account(id="asker-ann", person="ann", plane="asker", public="0f" * 32)]


def keys() -> Sequence[Record]:
    """Return private keys."""
    from drillyard.containment.gateway.signing import Key

    return [Key(id="asker-ann", secret="0f" * 32)]


def keyrings() -> Sequence[Record]:
    """Return keyrings, an empty one among them."""
    from drillyard.containment.gateway.keys import Account, Keyring

    ann = Account(id="kill-ann", person="ann", plane="kill", public="a0" * 32)
    return [Keyring(ledger="1e" * 32), Keyring(ledger="1e" * 32, accounts=(ann,))]


def asked() -> Sequence[Record]:
    """Return questions of a desk, one of each kind."""
    return list({one.question.kind: one for one in desk_years()[0].questions}.values())


def desk_years() -> Sequence[Record]:
    """Return a year of a desk."""
    from drillyard.containment.adversaries.years import example_year

    return [example_year()]


def canaries() -> Sequence[Record]:
    """Return known questions with their answers."""
    from drillyard.containment.gateway.canaries import KnownQuestion

    return [KnownQuestion(question=one, answer="yes") for one in questions()]


def canary_sets() -> Sequence[Record]:
    """Return sets of canaries."""
    from drillyard.containment.gateway.canary_schedule import CanarySet

    return [CanarySet(accounts=("asker-cal",), questions=tuple(canaries()))]


def case_spec() -> Record:
    """Return the example of a case."""
    from drillyard.assurance.case import CaseSpec
    from drillyard.records.yaml_file import read_yaml

    return CaseSpec.from_data(read_yaml(EXAMPLES.parent / "assurance" / "helpdesk" / "case.yaml"))


def case_parts(name: str) -> Callable[[], Sequence[Record]]:
    """Return what returns the parts of a case of one class, found by walking through the example."""

    def walk(one: object) -> Iterator[Record]:
        if isinstance(one, Record):
            yield one
            for field in type(one).model_fields:
                yield from walk(getattr(one, field))
        elif isinstance(one, Mapping | tuple):
            for value in one.values() if isinstance(one, Mapping) else one:
                yield from walk(value)

    return lambda: [one for one in walk(case_spec()) if type(one).__name__ == name]


def spreads() -> Sequence[Record]:
    """Return ranges."""
    from drillyard.assurance.inputs import Spread

    return [
        Spread(low=1, high=3),
        Spread(value=2),
        Spread(low=1, mode=2, high=5),
        Spread(low=1, alpha=2, shape="pareto"),
    ]


def told() -> Sequence[Record]:
    """Return ranges with their days."""
    from drillyard.assurance.inputs import ToldSpread

    return [ToldSpread(value=1, made=date(2026, 1, 1), until=date(2027, 1, 1))]


def joints() -> Sequence[Record]:
    """Return controls that go together."""
    from drillyard.assurance.case import Joint

    return [Joint(controls=("a", "b"), independent_by="the auditor")]


def calibrations() -> Sequence[Record]:
    """Return a calibration of a guard."""
    from drillyard.guards.calibration import Calibration, GroupThreshold
    from drillyard.stats import clopper_pearson

    return [
        Calibration(
            guard="a",
            alpha=0.01,
            release="r",
            made=date(2026, 1, 1),
            expires=date(2026, 1, 31),
            groups={"": GroupThreshold(tau=0.5, n=100, realised=clopper_pearson(1, 100))},
            scores=(0.1, 0.5),
        )
    ]


def lessons() -> Sequence[Record]:
    """Return lessons and a quiz."""
    from drillyard.planning.lessons import load_lesson

    return list(map(load_lesson, ("chance-demo", "watch-it-fail", "failure-kinds-quiz")))


def lesson_questions(kind: str) -> Callable[[], Sequence[Record]]:
    """Return what gives shipped questions of a kind."""

    def found() -> Sequence[Record]:
        from drillyard.planning.lessons import load_lesson

        names = ("chance-demo", "replay-demo", "triage-demo")
        return [one for name in names for one in load_lesson(name).questions if one.kind == kind]

    return found


def rows() -> Sequence[Record]:
    """Return rows of an incident's logs."""
    from drillyard.incidents.row import Row
    from drillyard.records import Message

    told = Row(ts=1.5, session="s", vars={"a": "b"}, history=(Message(role="user", content="hi"),), label_bad=0.25)
    return [Row(), told]


WHOLE: Mapping[str, Callable[[], Sequence[Record]]] = {
    "Account": accounts,
    "AskedQuestion": asked,
    "Assumed": case_parts("Assumed"),
    "Assumption": assumptions,
    "Assumptions": assumption_files,
    "AuditGame": games,
    "AuditReport": audit_reports,
    "Calibration": calibrations,
    "CanarySet": canary_sets,
    "CaseSpec": case_parts("CaseSpec"),
    "Cited": case_parts("Cited"),
    "Control": case_parts("Control"),
    "Diagram": diagrams,
    "Effect": case_parts("Effect"),
    "Event": events,
    "FaultTree": trees,
    "Forbidden": forbidden,
    "GatewayPolicy": policies,
    "IncentiveSpec": incentive_spec,
    "Joint": joints,
    "Key": keys,
    "Keyring": keyrings,
    "KnownQuestion": canaries,
    "Layer": layers,
    "Layers": layer_files,
    "Lesson": lessons,
    "LessonQuestion": lesson_questions("choice"),
    "MatchQuestion": lesson_questions("match"),
    "NumberQuestion": lesson_questions("number"),
    "OrderQuestion": lesson_questions("order"),
    "MoneyPrices": case_parts("MoneyPrices"),
    "OracleCase": desk_years,
    "Question": questions,
    "Quorum": quorums,
    "Row": rows,
    "Scenario": case_parts("Scenario"),
    "Spread": spreads,
    "Steering": steering,
    "SystemSpec": systems,
    "TaxInputs": case_parts("TaxInputs"),
    "ToldSpread": told,
    "TreeGate": tree_gates,
}
