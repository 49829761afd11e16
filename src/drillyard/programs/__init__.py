"""Programs: from a brief to a planned, drilled, graded and refined training programme.

**What it is.** The designer's half of the house: what is asked for, what is planned, which drills are built and
proven sound, what submissions are worth, and what the attempts say about the programme.
**What it is not.** A server: nobody signs in here (that is the yard), and no learner's data is kept here.
**Takes in.** A brief, the catalogue, drills, submissions, attempts. **Gives out.** Plans, instances with gate reports,
grades, proposals.

- **brief**: a YAML file with roles, hours, AI systems, policies and laws.
- **catalogue**: roles, competencies, objectives, activities, risks, laws, sources, as data; own ones beside a brief.
- **alignment matrix**: objective × activity × evidence; a catalogue with a hole in it is refused.
- **plan**: per role, activities in order within the hours; **clash**: a minimal set of rules that cannot all hold.
- **programme folder**: where all of it lies; **roster**: opaque learners and their sign-in codes.
- **drill**, **instance**, **gate**, **grade**: an exercise, one learner's copy, its release checks, its result.
- **rehearsal**: scripted solvers and cheats attempt an instance before a person sees it; never counted as learners.
- **refinement**: solve rates with intervals, time, hints, drop-out, and what the number of learners allows to say.
"""

__all__: list[str] = []
