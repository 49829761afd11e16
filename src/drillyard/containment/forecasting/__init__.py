"""Forecasters whose answers change the outcome: scoring rules, influence, best responses, and what repairs them."""

__all__: list[str] = []
