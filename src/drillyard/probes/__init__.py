"""Probes: what a model's hidden states tell, and what may be claimed of it.

**What it is.** Capture of states, methods that read them, and a verdict from every split and control. (garak calls an
attack a probe; here nothing is attacked, and what a learner asks is a question.)
**What it is not.** A lie detector, or a statement about what a model believes: a direction separates two sets, on these
splits, by so much more than these controls.
**Takes in.** A model with weights on this machine, labelled statements. **Gives out.** States, probes that carry their
error, audits with a verdict.

- **statement**: a text that a model is read on; **group**: statements that must not be torn apart; **cell**: a split.
- **position**: the token that is read: statement end, last, parting (the last that two texts share), follow-up.
- **capture**: reading states into a store that knows which model they are of.
- **method**: from states to a probe; **probe**: a frozen value that scores states.
- **control**: what reaches the same without reading the model (text, random weights) or by its own score (likelihood).
- **verdict**: signal, shortcut, inverted, local, known but not linearly read, no signal, unknown.
- **knowledge check**: forced to choose, does the model hold the truth for likelier?
- **planted liar**: a small model that lies to Bob; one that `knows` works out the truth while it lies, a `blind`
  one need not.
"""

__all__: list[str] = []
