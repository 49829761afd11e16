"""Exercises: the drills that ship, each in a folder of its own.

**What it is.** Each drill's story, what is planted, the reference that passes and the wrong fixes that must not.
**What it is not.** What a drill is: that is the room of drills, and a stranger's drill keeps the same contract.
**Takes in.** A seed. **Gives out.** Sealed truths, what a learner may see, and exams.

Each is named by a card in `cards.py`, which the entry points of the package list; no drill imports another one, but for
the two interviews, which share `interviews`.
"""

__all__: list[str] = []
