"""The verbs of `drillyard design`, one file each."""

__all__: list[str] = []
