"""The verbs of `drillyard oversee`, one file each."""

__all__: list[str] = []
