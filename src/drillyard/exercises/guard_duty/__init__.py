"""The drill "Guard duty": label replies, set a guard's threshold under two costs, and watch desks for drift."""

__all__: list[str] = []
