"""The drill "Read the model's mind": six small models, some of which lie; looks inside say which."""

__all__: list[str] = []
