"""What learners hand in to change a model: read strictly as data, applied without torch, measured on both sides."""

__all__: list[str] = []
