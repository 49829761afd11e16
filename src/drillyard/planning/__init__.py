"""Planning: what people must be able to do, what teaches it, and when each takes it.

**What it is.** From a brief to a plan that provably keeps to its hours, its calendar and its order of things.
**What it is not.** The programme itself: nothing is created, served or graded here.
**Takes in.** A brief and a catalogue, shipped or beside it. **Gives out.** Plans, clashes in words, calendars, pages.

- **brief**: a YAML file with roles, hours, AI systems, policies and laws.
- **catalogue**: roles, competencies, objectives, activities, risks, laws, sources, as data; own ones beside a brief.
- **alignment matrix**: objective × activity × evidence; a catalogue with a hole in it is refused.
- **plan**: per role, activities in order within the hours; **clash**: a minimal set of rules that cannot all hold.
"""

__all__: list[str] = []
