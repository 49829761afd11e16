"""The drill "Triage queue": sort conversations by what happens if nobody looks, and stop what they have in common."""

__all__: list[str] = []
