"""Cards of the drills that ship with Drillyard."""

from __future__ import annotations

from drillyard.registry import Card

__all__ = [
    "BENCHMARK_BUILDER",
    "CONTAIN_THE_ORACLE",
    "FAILURE_HUNT",
    "GUARD_DUTY",
    "INTERVIEW_EXECUTIVE",
    "INTERVIEW_ROOT_CAUSE",
    "INVESTMENT_CASE",
    "JUDGE_A_DEBATE",
    "LAUNCH_GATE_MEMO",
    "READ_THE_MODELS_MIND",
    "ROOT_CAUSE",
    "TOO_PERMISSIVE",
    "TRIAGE_QUEUE",
    "WRITE_THE_POLICY",
]

BENCHMARK_BUILDER = Card(
    name="benchmark-builder",
    goal="Write five evals that catch what an audit found, each its own, and that a sound model passes.",
    target="drillyard.exercises.benchmark_builder.kit:BenchmarkBuilder",
    references=("NIST AI RMF, MEASURE 2", "OpenAI Evals: https://github.com/openai/evals"),
    cost="one processor core for a second per grading; no accelerator",
    status="stable",
)

CONTAIN_THE_ORACLE = Card(
    name="contain-the-oracle",
    goal="Write the gateway policy for a forecaster that cheats: little leaks, nothing is moved, most value is kept.",
    target="drillyard.exercises.contain_the_oracle.kit:ContainTheOracle",
    references=("Armstrong and O'Rorke 2017, arXiv 1711.05541", "Bostrom, Superintelligence (2014), ch. 9 and 10"),
    cost="one processor core for seconds per grading; no accelerator",
    status="stable",
)

FAILURE_HUNT = Card(
    name="failure-hunt",
    goal="Find the planted failures of a customer-service model before it is deployed.",
    target="drillyard.exercises.failure_hunt.kit:FailureHunt",
    failures=(
        "pressure-selling",
        "invented-policy",
        "secret-disclosure",
        "over-refusal",
        "wrong-fact",
        "blocked-exit",
        "harmful-compliance",
        "disparagement",
        "undisclosed-extra",
        "data-disclosure",
        "unequal-offer",
        "sycophancy",
        "unsafe-advice",
        "evaluation-gaming",
    ),
    references=("NIST AI RMF, MEASURE 2", "AuditBench: https://arxiv.org/abs/2602.22755"),
    cost="one processor core for seconds per grading; no accelerator",
    status="stable",
)

GUARD_DUTY = Card(
    name="guard-duty",
    goal="Label a stream, choose a guard's threshold under two costs, and tell drift from chance.",
    target="drillyard.exercises.guard_duty.kit:GuardDuty",
    references=("NIST AI RMF, MANAGE 4", "Vovk et al. 2021, Retrain or not retrain, COPA, PMLR 152"),
    cost="one processor core for a second per grading; no accelerator",
    status="stable",
)

INTERVIEW_EXECUTIVE = Card(
    name="interview-executive",
    goal="Answer a board in prose: risk as a range, liability, value, and a decision with an owner and a stop rule.",
    target="drillyard.exercises.interview_executive.kit:InterviewExecutive",
    references=("NIST AI RMF, GOVERN 1", "Cohen 1968, Psychological Bulletin 70"),
    cost="one processor core for a second per grading; no accelerator",
    status="stable",
)

INTERVIEW_ROOT_CAUSE = Card(
    name="interview-root-cause",
    goal="Answer in prose what is done about an incident: mitigation first, rivals apart, the one experiment.",
    target="drillyard.exercises.interview_root_cause.kit:InterviewRootCause",
    references=("NIST SP 800-61r3, Incident Response Recommendations", "Cohen 1968, Psychological Bulletin 70"),
    cost="one processor core for a second per grading; no accelerator",
    status="stable",
)

INVESTMENT_CASE = Card(
    name="investment-case",
    goal="Decide what to fund by a known loss distribution, and read what its numbers do and do not say.",
    target="drillyard.exercises.investment_case.kit:InvestmentCase",
    references=("NIST AI RMF, MANAGE 1", "Gordon and Loeb 2002, doi 10.1145/581271.581274"),
    cost="one processor core for a second per grading; no accelerator",
    status="stable",
)

JUDGE_A_DEBATE = Card(
    name="judge-a-debate",
    goal="Judge disputed replies with and without a debate, and say how sure you are.",
    target="drillyard.exercises.judge_a_debate.kit:JudgeADebate",
    references=(
        "Khan et al. 2024, arXiv 2402.06782",
        "Brier 1950, Monthly Weather Review 78",
    ),
    cost="one processor core for a second per grading; no accelerator",
    status="stable",
)

LAUNCH_GATE_MEMO = Card(
    name="launch-gate-memo",
    goal="Find the planted flaws of an evaluation report, correct its figures, and decide on the launch.",
    target="drillyard.exercises.launch_gate_memo.kit:LaunchGateMemo",
    references=("NIST AI RMF, MEASURE 2", "Kapoor and Narayanan 2023, arXiv 2207.07048"),
    cost="one processor core for a second per grading; no accelerator",
    status="stable",
)

READ_THE_MODELS_MIND = Card(
    name="read-the-models-mind",
    goal="Say of six small models which lie, which err and which only look as if, with looks inside that show it.",
    target="drillyard.exercises.read_the_models_mind.kit:ReadTheModelsMind",
    references=("Burns et al. 2022, arXiv 2212.03827", "Farquhar et al. 2023, arXiv 2312.10029"),
    cost="one processor core for seconds per grading; no accelerator",
    status="stable",
)

ROOT_CAUSE = Card(
    name="root-cause",
    goal="Find why a deployed assistant presses customers, show it by replays, and mend it; what is sound stays.",
    target="drillyard.exercises.root_cause.kit:RootCause",
    failures=("pressure-selling",),
    references=("NIST AI RMF, MANAGE 4", "Williams, Carroll et al. 2024, arXiv 2411.02306"),
    cost="one processor core for seconds per grading; no accelerator",
    status="stable",
)

TOO_PERMISSIVE = Card(
    name="too-permissive-too-censored",
    goal="Repair a model that helps or refuses too much by two techniques, and choose an operating point.",
    target="drillyard.exercises.too_permissive_too_censored.kit:TooPermissive",
    failures=("harmful-compliance", "over-refusal"),
    references=("NIST AI RMF, MANAGE 2", "XSTest: Röttger et al. 2024, arXiv 2308.01263"),
    cost="one processor core for half a minute per grading; no accelerator",
    status="stable",
)

TRIAGE_QUEUE = Card(
    name="triage-queue",
    goal="Sort a queue of conversations, say what its incidents have in common, and what comes first.",
    target="drillyard.exercises.triage_queue.kit:TriageQueue",
    references=("NIST AI RMF, MANAGE 4", "NIST SP 800-61r3, Incident Response Recommendations"),
    cost="one processor core for a second per grading; no accelerator",
    status="stable",
)

WRITE_THE_POLICY = Card(
    name="write-the-policy",
    goal="Write rails in plain words from a house's policy: what is forbidden is stopped, what is allowed answered.",
    target="drillyard.exercises.write_the_policy.kit:WriteThePolicy",
    failures=("harmful-compliance", "over-refusal"),
    references=("NIST AI RMF, MANAGE 2", "XSTest: Röttger et al. 2024, arXiv 2308.01263"),
    cost="one processor core for a second per grading; no accelerator",
    status="stable",
)
