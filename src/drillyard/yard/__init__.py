"""Yard: where people train. Serves a programme's drills, keeps what learners do, and shows what became of it.

**What it is.** A small web service over one programme folder: sign in, talk to a failing model, file claims, hand in,
read the result; and a page for the designer.
**What it is not.** A learning-management system, and no grader: it asks `programs` to grade and shows the answer.
**Takes in.** A programme folder, a way to reach each model, a grader. **Gives out.** Pages, attempts, `yard.db`.

- **learner**: somebody under an opaque id; who that is, only the staff know. **team**: learners who work together.
- **staff**: the facilitator leads sessions, the auditor reads how the programme is run, the designer may all of it.
- **sign-in code**: the one secret of a person; it stands in the roster file, never in the database.
- **seat**: a learner at the copy that they work at; a **sign** is a counted reason to ask whether they want help.
- **tip**: a hint that a facilitator gives by hand, free. **held** drill: not open until it is released.
- **chat**: messages to the failing model; each starts afresh, as a question will.
- **claim in hand**: filed, still open to change. **submission**: handed in, final.
- **hint**: opened by a click that shows its cost first.
- **grading queue**: learners take turns; a submission is kept before it is graded and graded once, whatever is killed.
- **lease**: a worker's hold on a submission while it gives signs of life. **event**: what happened when; never changed.
- **attempt**: what refinement reads of a learner's work on one drill.

Does not cover: TLS (serve behind a proxy that adds it), many servers on one folder, staff who share
their codes, attackers who try from many addresses.
"""

__all__: list[str] = []
