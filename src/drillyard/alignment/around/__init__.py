"""Techniques that leave the model alone and work around it: rails that check what goes in and out, and a prompt."""

__all__: list[str] = []
