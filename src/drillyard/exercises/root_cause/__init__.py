"""The drill "Root cause": logs of an assistant that presses, replays that the server runs, and a fix that is run."""

__all__: list[str] = []
