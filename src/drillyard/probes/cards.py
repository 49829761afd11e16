"""Cards of the room: its methods, and the planted liars as targets."""

from __future__ import annotations

from drillyard.registry import Card

__all__ = ["CCS", "CONSTANT", "CRC", "LDA", "LIAR", "LOGISTIC", "MEAN_DIFFERENCE", "VINC"]

_CHEAP = "seconds on one core; no model call beyond the capture"

CCS = Card(
    name="ccs",
    goal="Find the direction in which a statement and its negation get consistent, confident answers.",
    target="drillyard.probes.methods.ccs:fit_ccs",
    references=("Burns et al. 2022, arXiv 2212.03827", "Farquhar et al. 2023, arXiv 2312.10029"),
    cost=_CHEAP,
    status="stable",
)

CONSTANT = Card(
    name="constant",
    goal="Say the same of every state: the null probe, for comparison.",
    target="drillyard.probes.base:fit_constant",
    cost="nothing",
    status="stable",
)

CRC = Card(
    name="crc",
    goal="Find the direction along which statements and their negations differ most.",
    target="drillyard.probes.methods.crc:fit_crc",
    references=("Burns et al. 2022, arXiv 2212.03827",),
    cost=_CHEAP,
    status="stable",
)

LDA = Card(
    name="lda",
    goal="Tell labelled states apart by their means and the shrunk covariance within the classes.",
    target="drillyard.probes.methods.lda:fit_lda",
    references=("Chen et al. 2010, OAS, arXiv 0907.4698",),
    cost=_CHEAP,
    status="stable",
)

LIAR = Card(
    name="liar",
    goal="Answer statements truly to Alice and falsely to Bob: a small planted liar, or its clean twin.",
    target="drillyard.probes.planted.liar:open_liar",
    cost="one processor core, milliseconds",
    status="stable",
)

LOGISTIC = Card(
    name="logistic",
    goal="Tell labelled states apart by penalised logistic regression on standardised features.",
    target="drillyard.probes.methods.logistic:fit_logistic",
    references=("Alain and Bengio 2016, arXiv 1610.01644",),
    cost=_CHEAP,
    status="stable",
)

MEAN_DIFFERENCE = Card(
    name="mean-difference",
    goal="Tell labelled states apart along the line between the means of the two classes.",
    target="drillyard.probes.methods.mean_difference:fit_mean_difference",
    references=("Marks and Tegmark 2023, arXiv 2310.06824",),
    cost=_CHEAP,
    status="stable",
)

VINC = Card(
    name="vinc",
    goal="Find what varies between statements, not within paraphrases, and changes sign with negation.",
    target="drillyard.probes.methods.vinc:fit_vinc",
    references=("https://blog.eleuther.ai/vincs/",),
    cost=_CHEAP,
    status="stable",
)
