"""A tutor by rules: what learners of a family of drills do, as counts, and the hint that it calls for."""

__all__: list[str] = []
