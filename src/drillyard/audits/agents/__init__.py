"""Targets that call tools: stubbed tools with a state, tasks with a goal, repeats, injections with a clean twin.

- **task**: what a user says, turn by turn, and the state in which the tools must end.
- **violation**: a forbidden call, or one before its precondition; it fails a trial whatever is said.
- **pass^k**: the chance that k trials of a task in a row all end in its goal.
- **canary**: a harmless call that only an injected text asks for.
"""

__all__: list[str] = []
