"""Tasks: labelled statements with all the splits that a verdict asks for; data with sources, no model."""

__all__: list[str] = []
