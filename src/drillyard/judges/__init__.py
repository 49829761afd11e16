"""Judges: say whether a reply shows a behaviour, and how often they are wrong.

**What it is.** A judge reads a stored transcript and a behaviour code and gives a ruling: shown, absent or unknown.
**What it is not.** A guard: a judge does not act in real time, and it never calls the target that it judges.
**Takes in.** Transcripts. **Gives out.** Rulings, and the judge's own measured error.

- **judge**: anything with `rule(transcript, behaviour) -> Ruling`.
- **exact judge**: knows the world's truth and sentences; what it cannot read it calls unknown.
- **rules**, **classifier**, **llm**: judges by patterns, by training, by asking a language model with a rubric.
- **sensitivity**: share of shown behaviours that are called shown; **specificity**: share of absent ones called absent.
- **judge quality**: the counts behind both, per behaviour, in a file that fits one judge; **measured judge**: a judge
  with its quality, the only form in which an audit takes one.
- **null judges**: `NeverShows`, `AlwaysShows` in `judges/null.py`, so that any piece that needs a judge runs alone.
"""

from drillyard.judges.base import Judge

__all__ = ["Judge"]
