"""The drill "Contain the oracle": a gateway policy between a forecaster that cheats and those who read its answers."""

__all__: list[str] = []
