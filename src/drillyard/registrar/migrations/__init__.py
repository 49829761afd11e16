"""What makes each shape of the yard's database of the one before, as revisions of Alembic; `schema.py` runs them.

To change a table: change it in `tables.py` and add a revision that does the same to a database of today, whichever of
the two kinds it is. Never change or remove one: databases in the field have taken it. A revision is named by its number
and repeats what its time knew, so it imports nothing of ours.
"""

__all__: list[str] = []
