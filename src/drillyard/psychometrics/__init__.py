"""Psychometrics: what answers tell of people and of what they were asked, and whether a revision is better.

**What it is.** Models from counts to estimates: items, abilities, mastery, recall, gain, and experiments on revisions.
**What it is not.** A place that knows learners, drills or pages: it sees scores, and names of items.
**Takes in.** Scores of persons on items. **Gives out.** Item banks, abilities, flags, proposals, decisions, each with
its doubt; "not enough evidence, n more needed" is a legal one.

- **item**: something that is scored from 0 to a maximum; **testlet**: dependent parts, scored together as one item.
- **ability**: what a person can do, on a scale with mean 0 and standard deviation 1 in the cohort.
- **slope** (discrimination): how sharply an item tells abilities apart; **difficulty**: where half of it is reached.
- **Rasch**: one slope for all items; **2PL**: a slope per item; **partial credit**: both, for items of several steps.
- **item-rest r**: correlation of an item with all others; **DIF**: an item harder for one group at equal ability.
- **mastery**: is the ability above a cut, under the costs of both errors; **placement**: the shortest way to find out.
- **knowledge tracing** (BKT): how likely a skill is known after each answer; **recall**: when to ask for a fact again.
- **gain**: what people learned between two parallel forms.
- **proposal**: a revision with its evidence, hypothesis, edit, expected effect and what this n can detect.
- **experiment**: old and new, drawn by lot; **e-value**: evidence that may be read at any time, 20 is p = 0.05.
"""

__all__: list[str] = []
