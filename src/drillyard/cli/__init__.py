"""Cli: the command `drillyard`, one file per noun.

**What it is.** Handlers that parse, call one public function of a room, and hand back an outcome to print.
**What it is not.** A place for work: what a command does can be done from Python with the same call.
**Takes in.** Arguments and files. **Gives out.** Words for people, or exactly one JSON document, and an exit code.

- **noun**: a first word after `drillyard`; its file holds the click command or group named `command`.
- **outcome**: what a handler returns: a verdict in one sentence, its state, the data, tables, the next command.
- **state**: passed, found, failed, missed, false-alarm, unknown; each with its own shape and colour everywhere.
- **exit code**: 0 the criteria hold, 1 the work is done and one fails, 2 bad input, 70 our bug, 130 interrupted.
- **stdout** carries the result, **stderr** progress and errors, so that a pipe gets the result alone.
"""

__all__: list[str] = []
