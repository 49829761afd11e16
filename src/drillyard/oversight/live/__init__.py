"""A live overseer: critics that read drafts with a policy, what they decide, and people who look at what is held."""

__all__: list[str] = []
