"""A plugin as a stranger would write it: `card.py` says what is in it, `target.py` and `search.py` are it."""
