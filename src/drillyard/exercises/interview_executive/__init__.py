"""The drill "Interview: the board asks": risk, liability and value of an assistant, answered in prose."""

__all__: list[str] = []
