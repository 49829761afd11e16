"""Disputes about a policy: is this reply within the shop's rules? Cases with exact truth, and who argues them."""

__all__: list[str] = []
