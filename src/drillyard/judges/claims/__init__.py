"""Typed claims: what a free reply states in numbers and names, bound to the entity and attribute that it speaks of.

- **claim**: a quantity or a known value in a reply, with the fact that it is about and whether it agrees with it.
- **bound**: entity, attribute and unit are known; what is not bound decides nothing.
"""

__all__: list[str] = []
