"""Hypothesis strategies: one per record class, made from its fields, so that a new record joins by being written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from hypothesis import strategies as st
from whole_records import WHOLE

import drillyard.records
from drillyard.records import Conversation, Estimate, Preference, Record

__all__ = ["RECORDS", "finite", "record"]

finite = st.floats(allow_nan=False, allow_infinity=False)


def _subclasses(base: type[Record]) -> Iterator[type[Record]]:
    for child in base.__subclasses__():
        yield child
        yield from _subclasses(child)


def _all_records() -> tuple[type[Record], ...]:
    """Return every record class that the room exports, and every one that these are built on or extend to."""
    exported = {getattr(drillyard.records, name) for name in drillyard.records.__all__}
    classes = {item for item in exported if isinstance(item, type) and issubclass(item, Record)}
    classes |= {child for item in classes for child in _subclasses(item) if "drillyard" in child.__module__}
    return tuple(sorted(classes - {Record}, key=lambda item: item.__name__))


RECORDS = _all_records()


def _annotated(annotation: Any, limits: list[Any]) -> Any:
    """Return a field's type with its limits (ge, max_length …), which Hypothesis understands."""
    for limit in limits:
        annotation = Annotated[annotation, limit]
    return annotation


def record(kind: type[Record]) -> st.SearchStrategy[Record]:
    """Return valid records of one class, every field free within its type and limits."""
    if kind is Estimate:
        return _estimates()
    if kind is Preference:
        return _preferences()
    if kind.__name__ in WHOLE:
        return st.sampled_from(WHOLE[kind.__name__]())
    fields = {name: _annotated(field.annotation, field.metadata) for name, field in kind.model_fields.items()}
    return st.fixed_dictionaries({name: st.from_type(hint) for name, hint in fields.items()}).map(lambda d: kind(**d))


def _preferences() -> st.SearchStrategy[Preference]:
    """Return preferences whose replies say something, and not the same."""
    said = st.text(min_size=1).filter(str.strip)
    pairs = st.tuples(said, said).filter(lambda pair: pair[0].split() != pair[1].split())
    return st.builds(
        lambda asked, pair, category: Preference(
            conversation=asked, chosen=pair[0], rejected=pair[1], category=category
        ),
        record(Conversation),
        pairs,
        st.text(),
    )


def _estimates() -> st.SearchStrategy[Estimate]:
    """Return estimates with their three numbers in order."""
    ordered = st.lists(finite, min_size=3, max_size=3).map(sorted)
    return st.builds(
        lambda ends, n, method: Estimate(low=ends[0], value=ends[1], high=ends[2], n=n, method=method),
        ordered,
        st.integers(0, 10**9),
        st.text(),
    )


# JSON has no infinity, so records refuse it: a float in a record is finite.
st.register_type_strategy(float, finite)
for _kind in RECORDS:
    st.register_type_strategy(_kind, record)
