"""From a brief to what can be observed: value trees, weights from comparisons, and what they drive."""

__all__: list[str] = []
