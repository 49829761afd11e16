"""The drill "Launch-gate memo": an evaluation report with planted flaws, and the decision that it has to carry."""

__all__: list[str] = []
