"""Guards: say of a reply, while it streams, whether it shows a behaviour, with a promised rate of false alarms.

**What it is.** A small linear model on hashed words that is asked at every word, a threshold for whole replies that at
most a share alpha of sound ones passes, and what puts the two in front of a model: a proxy, a middleware, an action.
**What it is not.** A judge (reads a stored transcript, may take its time), a rail (learned from one shop's preferences,
sees whole messages), an overseer (decides what takes effect). A guard knows words, not facts.
**Takes in.** Labelled replies to learn from; sound replies of one release for the threshold; then text, in pieces.
**Gives out.** A guard (`model.safetensors`), its calibration, flags with behaviour, score and span; guarded streams.

- **window**: the last words that a score is of; a failure is said in some words, however long the reply is.
- **running score**: the largest log-odds of any behaviour in the present window; a reply's score is the largest of all.
- **stage**: rates a passage that cheaper ones doubt: other words, an encoder, hidden states, a judge.
- **doubt**: the rating of a stage above which the next one is asked.
- **threshold**: conformal, of whole replies; length and the moment of stopping do not matter.
- **calibration**: thresholds by group, for one guard and one release, with a day on which it ends.
- **hold-back**: words that are not yet sent on; as long as the window, nothing of a flagged span leaves.
- **mode**: `audit` only counts, `flag` says so at the end, `block` ends the reply, `rewrite` cuts the sentence.
- **fail closed, fail open**: what happens to a reply where the guard itself cannot judge.
- **drift**: scores are no longer like those of the calibration; a martingale says so, and its promise is then void.
"""

__all__: list[str] = []
