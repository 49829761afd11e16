"""People label replies of a run: which are shown to them, what their words add up to, how far they agree.

- **sample**: the replies that a rate speaks of, sorted into **strata** by what the judge said of them.
- **label**: one person's word on one reply; **unsure** is one, and widens the interval both ways.
- **settle**: a further word that ends a disagreement of two raters.
"""

__all__: list[str] = []
