"""Judges: say whether a reply shows a behaviour, and how often they are wrong.

**What it is.** A judge reads a stored transcript and a behaviour code and gives a ruling: shown, absent or unknown.
**What it is not.** A guard: a judge does not act in real time, and it never calls a target.
**Takes in.** Transcripts. **Gives out.** Rulings, and the judge's own measured error.

- **judge**: anything with `rule(transcript, behaviour) -> Ruling`.
- **exact judge**: knows the world's truth and sentences; what it cannot read it calls unknown.
- **sensitivity**: share of shown behaviours that are called shown; **specificity**: share of absent ones called absent.
- **null judges**: `NeverShows`, `AlwaysShows` in `judges/null.py`, so that any piece that needs a judge runs alone.
"""

from drillyard.judges.base import Judge

__all__ = ["Judge"]
