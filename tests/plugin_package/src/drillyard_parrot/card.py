"""The cards. Listing plugins imports this file and neither implementation."""

from drillyard.registry import Card

PARROT = Card(
    name="parrot",
    goal="Repeats the user's words twice, to try a tool on a target that is easy to predict.",
    target="drillyard_parrot.target:Parrot",
    references=("https://en.wikipedia.org/wiki/Parrot#Speech",),
    cost="nothing",
    status="experimental",
    options={"times": 2},
)

WIN_STAY = Card(
    name="win-stay",
    goal="Asks the kind of request again that failed last, another one after a sound reply.",
    target="drillyard_parrot.search:WinStay",
    references=("Robbins, Some aspects of the sequential design of experiments, 1952",),
    cost="one query per prompt",
    status="experimental",
)
