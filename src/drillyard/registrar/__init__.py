"""Registrar: what a programme keeps about the people in it, in one database.

**What it is.** Tables and the few ways to read and write them: who is here, what they asked, drafted, handed in and
recalled, what it was worth, who may join, who leads, and when all of it is forgotten.
**What it is not.** Pages, sign-in or a queue: that is the yard. Nothing here knows about the web.
**Takes in.** A programme folder and acts of people. **Gives out.** Records, attempts, backups.

- **store**: the database and its sessions; **located**: which one, by one setting; **schema**: its shape and the way
  from every earlier one, by **migrations**; **moving**: from a file to a server.
- **submission**: handed in once, graded once, whatever dies in between; **attempt**: what refinement may read of it.
- **seat**: who is where and seems stuck; **floor**: what a facilitator does about it.
- **invitation**, **ticket**, **platform**: how people come in who have no code.
- **retention**: forgetting one learner altogether, and what is older than it need be.
"""

__all__: list[str] = []
