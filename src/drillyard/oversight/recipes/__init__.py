"""Recipes: async functions whose calls to agents are bounded, journalled, counted and shown as a tree."""

__all__: list[str] = []
