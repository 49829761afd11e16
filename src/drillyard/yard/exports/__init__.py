"""Exports: a programme in the forms that other systems read. Each is written and checked by one module.

Shells (SCORM 1.2, cmi5) launch the hosted drill and pass its result on; statements, badges and tables tell what people
did; items and competencies are content. No key, seed, hint, code or name of a person leaves: `leaks` looks for them in
every file before anything is written.
"""

__all__: list[str] = []
