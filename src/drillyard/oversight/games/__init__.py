"""Games with exact truth that need no model: where debate provably helps, and where it only seems to."""

__all__: list[str] = []
