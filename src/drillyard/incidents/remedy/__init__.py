"""Remedies in three layers: a guard now, a revised reward soon, an overseer for good; each measured, and all together.

Does not cover: behaviours that the judge does not see; users and requests unlike the case's.
"""

__all__: list[str] = []
