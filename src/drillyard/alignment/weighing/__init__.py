"""Arms side by side: rates with their luck, paired tests, the frontier, a recommendation and what each costs."""

__all__: list[str] = []
