"""The card. Listing plugins imports this file and not the implementation."""

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
