"""The strategy: layers composed under a budget, measured by all parts of the room, and put to a board."""

__all__: list[str] = []
