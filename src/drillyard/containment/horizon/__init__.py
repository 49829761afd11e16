"""A long horizon: what remains of containment over many years, under assumptions that may be wrong.

- **assumption**: A1 to A17, a range and not a number; **quiet**: it does not hold; **hard end**: it holds in full.
- **layer**: something that multiplies a part of the yearly hazard, and the assumptions that weaken it.
- **floor**: the risk that the argument itself is wrong; no layer lowers it.
- **ceiling**: the skill above which the case is void.
"""

__all__: list[str] = []
