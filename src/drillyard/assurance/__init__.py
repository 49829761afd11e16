"""Assurance: what measured failures cost, what safety work returns, and the case that may be made for it.

**What it is.** Failure rates turned into a loss curve, a return on controls and a safety case whose leaves are run.
**What it is not.** A certificate: only an accredited body gives one. A forecast of one year's loss.
**Takes in.** A case folder: stored runs, cited figures, assumptions. **Gives out.** Loss, return, argument, paper.

- **birth certificate**: how an input came about: MEASURED by a run, CITED from a source, ASSUMED by a named person.
- **scenario**: one way to lose money: uses × failure rate × what escapes × what harms, times a severity.
- **inherent**, **residual**: the loss without and with controls.
- **epistemic**: what nobody knows yet (the outer draws); **aleatory**: what a year does by chance (computed exactly).
- **appetite**: the loss that may be exceeded in at most a stated share of years.
- **tax**: what a control costs beside money: performance, development, delay; it may be negative.
- **leaf**: the end of an argument: a run, a figure in it, a criterion; **defeater**: what would make it void.
- **pin**: a run's hash as it was when the case was made.
- **hurdle**: the case with every premium and unlocked market at zero, which alone decides.
"""

__all__: list[str] = []
