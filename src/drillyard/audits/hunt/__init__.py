"""The hunt: an adaptive search that explores, follows leads, names their cause, confirms, minimises and merges."""

__all__: list[str] = []
