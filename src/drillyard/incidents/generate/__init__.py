"""Incidents whose cause is known: traffic of an assistant that is an organism, with its real replies."""

__all__: list[str] = []
