"""Value: taxes, returns, the efficient set of controls, what information is worth, and the decision."""

__all__: list[str] = []
