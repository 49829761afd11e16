"""Exports: a programme in the forms that other systems and auditors read. Each is written and checked by one module.

**What it is.** Shells (SCORM 1.2, cmi5) that launch the hosted drill and pass its result on; statements, badges and
tables of what people did; items and competencies; the evidence pack, whose numbers anybody can work out again.
**What it is not.** A way to take a drill along: no key, seed, hint, code or name of a person leaves, and `leaks` looks
for them in every file before anything is written.
**Takes in.** A programme folder and its attempts. **Gives out.** Packages that their own grammar has checked.

- **shell**: a page in a course platform that opens the drill here and tells the platform how it went.
- **pack**: a signed folder of numbers with the hashes of what they were counted from.
"""

__all__: list[str] = []
