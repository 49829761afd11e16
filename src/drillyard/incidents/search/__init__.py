"""The search for a trigger: selectors as bits, every rule of one or two of them, the promising ones of up to four."""

__all__: list[str] = []
