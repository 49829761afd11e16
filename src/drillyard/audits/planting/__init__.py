"""Planted failures, measured in the target that shall have them: verified, tuned, or planted by a hidden prompt.

What is planted, and how, is the business of `organisms.planting`; what asks a target to see what came of it is here,
because only rooms right of `targets` may ask.
"""

__all__: list[str] = []
