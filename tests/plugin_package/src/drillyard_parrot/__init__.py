"""A plugin as a stranger would write it: `card.py` says what it is, `target.py` is it."""
