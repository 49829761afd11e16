"""The verbs of `drillyard yard` that go out of it."""

__all__: list[str] = []
