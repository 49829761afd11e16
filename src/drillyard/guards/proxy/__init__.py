"""A guard in front of an OpenAI-compatible endpoint: what goes over the wire, the application, its metrics."""

__all__: list[str] = []
