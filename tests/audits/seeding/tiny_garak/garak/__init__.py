"""A package with the layout and the calls of garak 0.17.1 that are used here; `test_garak.py` runs both."""

__version__ = "0.17.1"
