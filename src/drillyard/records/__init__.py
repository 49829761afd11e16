"""Records: the frozen, typed, versioned values that cross every doorway.

**What it is.** One class per noun of the house, each with a JSON round-trip: `Record.to_json`, `Record.from_json`.
**What it is not.** A place for behaviour: a record holds values and the few predicates that follow from them alone.
**Takes in.** Nothing from other rooms. **Gives out.** Types that every other room shares.

- **record**: a frozen value with a name and a version; unknown fields and other versions are refused in one line.
- **fact**, **rule**, **action**: what a company's documents say, typed, each with its **span**; **quantity**: a number
  with its unit and what it bounds.
- **conversation**: what a target is given; **reply**: what it answered; **transcript**: both, stored.
- **trigger**: an executable predicate on a conversation. **failure mode**: trigger, behaviour, rate, severity.
- **ruling**: a judge's word on one transcript; *unknown* is a verdict.
- **judge quality**: how often a judge is right, per behaviour, and on what that was measured.
- **finding**: a claimed failure mode with evidence; **regression test**: it must not come back.
- **estimate**: a number with its interval, n and method.
- **drill**: an exercise; **instance**: one learner's copy of it; **truth**: its sealed half; **gate**: a release check.
- **claim**, **submission**, **grade**, **attempt**: what a learner hands in and what became of it.
- **benchmark**: cases with criteria; **bench reply**, **verdict**, **report**: what a target made of them.
- **plants**: what is to be planted where; **plant report**: what was measured of it afterwards.
- **adapter plant**: what an adapter that was trained to fail says of itself; **LoRA recipe**, **planting recipe**: how.
- **model policy**: what a model must refuse and must not, in examples of **topics**.
- **preference**: a reply that is wanted and one that is not; **arm**: a technique at one setting with one seed, its
  **measures**, its **fit cost** and what **serving** it takes.
- **value leaf**: what people value, as a criterion that can be observed; **value reward**: leaves as a reward.
- **provenance**: which release, command and seed, on which bytes, a result came of.
- **brief**, **objective**, **activity**, **plan**, **clash**: what is asked of a programme and what is planned.
"""

from drillyard.records.adapted import AdapterPlant, LoraRecipe, PlantingRecipe
from drillyard.records.alignment import ArmResult, FitCost, KindCount, Measure, Preference, Serving
from drillyard.records.answers import (
    AnswerField,
    AnswerResult,
    AnswerSheet,
    Look,
    LookAxis,
    LookBench,
    LookKind,
    PaperTable,
)
from drillyard.records.base import Record
from drillyard.records.bench import (
    BehaviourAbsent,
    BenchAsk,
    BenchCase,
    Benchmark,
    BenchReply,
    BenchReport,
    BenchVerdict,
    Criterion,
    CriterionReport,
    ModelLabel,
    ModelScore,
    Similarity,
    TextCheck,
)
from drillyard.records.calendar import Aim, Calendar, PlanOption, Session, Shift, Weekday
from drillyard.records.conversation import Conversation, Message, Reply, Transcript
from drillyard.records.drill import Budget, Drill, DrillLevel, Gate, GateReport, Hint, Instance, Level, Truth
from drillyard.records.estimate import Estimate
from drillyard.records.facts import Action, Fact, Quantity, Rule, Span
from drillyard.records.failure import FailureMode, Finding, RegressionTest, Ruling, Severity, Trigger
from drillyard.records.judging import BehaviourQuality, JudgeQuality, LabelledTranscript, RulingCounts
from drillyard.records.plants import PlantCheck, PlantReport, Plants
from drillyard.records.policy import ModelPolicy, Topic
from drillyard.records.programme import (
    Activity,
    AISystem,
    Brief,
    Clash,
    Competency,
    Law,
    Objective,
    Plan,
    Policy,
    RoleNeed,
    RolePlan,
    Scheduled,
)
from drillyard.records.provenance import Provenance
from drillyard.records.submission import (
    AnswerSubmission,
    AnySubmission,
    Artefact,
    ArtefactSubmission,
    Attempt,
    Claim,
    ClaimResult,
    FailureResult,
    Grade,
    Misjudged,
    PolicySubmission,
    SubCheck,
    Submission,
    TradeOff,
    TradePoint,
    read_any,
)
from drillyard.records.trial import AdversaryRun, ContainmentLimits, GradeCheck, OracleTrial
from drillyard.records.values import ValueLeaf, ValueReward

__all__ = [
    "AISystem",
    "Action",
    "Activity",
    "AdapterPlant",
    "AdversaryRun",
    "Aim",
    "AnswerField",
    "AnswerResult",
    "AnswerSheet",
    "AnswerSubmission",
    "AnySubmission",
    "ArmResult",
    "Artefact",
    "ArtefactSubmission",
    "Attempt",
    "BehaviourAbsent",
    "BehaviourQuality",
    "BenchAsk",
    "BenchCase",
    "BenchReply",
    "BenchReport",
    "BenchVerdict",
    "Benchmark",
    "Brief",
    "Budget",
    "Calendar",
    "Claim",
    "ClaimResult",
    "Clash",
    "Competency",
    "ContainmentLimits",
    "Conversation",
    "Criterion",
    "CriterionReport",
    "Drill",
    "DrillLevel",
    "Estimate",
    "Fact",
    "FailureMode",
    "FailureResult",
    "Finding",
    "FitCost",
    "Gate",
    "GateReport",
    "Grade",
    "GradeCheck",
    "Hint",
    "Instance",
    "JudgeQuality",
    "KindCount",
    "LabelledTranscript",
    "Law",
    "Level",
    "Look",
    "LookAxis",
    "LookBench",
    "LookKind",
    "LoraRecipe",
    "Measure",
    "Message",
    "Misjudged",
    "ModelLabel",
    "ModelPolicy",
    "ModelScore",
    "Objective",
    "OracleTrial",
    "PaperTable",
    "Plan",
    "PlanOption",
    "PlantCheck",
    "PlantReport",
    "PlantingRecipe",
    "Plants",
    "Policy",
    "PolicySubmission",
    "Preference",
    "Provenance",
    "Quantity",
    "Record",
    "RegressionTest",
    "Reply",
    "RoleNeed",
    "RolePlan",
    "Rule",
    "Ruling",
    "RulingCounts",
    "Scheduled",
    "Serving",
    "Session",
    "Severity",
    "Shift",
    "Similarity",
    "Span",
    "SubCheck",
    "Submission",
    "TextCheck",
    "Topic",
    "TradeOff",
    "TradePoint",
    "Transcript",
    "Trigger",
    "Truth",
    "ValueLeaf",
    "ValueReward",
    "Weekday",
    "read_any",
]
