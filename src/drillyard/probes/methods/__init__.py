"""Methods: from states, with labels, in pairs or alone, to a probe; one method a file."""

__all__: list[str] = []
