"""Programs: the programme folder, from design to refinement.

**What it is.** The designer's half of the house: material from policies, who takes part, which copies of which drills
are built and proven sound, what submissions are worth, and what the attempts say about the programme.
**What it is not.** A server: nobody signs in here (that is the yard), and no learner's data is kept here.
**Takes in.** A brief and its plan, drills, submissions, attempts. **Gives out.** Folders with gate reports, grades,
proposals.

- **programme folder**: where all of it lies; **roster**: opaque learners and their sign-in codes.
- **material**: readings, items and rubrics drafted from policies, each claim at its place; a queue for their review.
- **rehearsal**: scripted solvers and cheats attempt an instance before a person sees it; never counted as learners.
- **refinement**: solve rates with intervals, time, hints, drop-out, and what the number of learners allows to say.
"""

__all__: list[str] = []
