"""A small HTML reader for tests: elements in order, each with its ancestors' and its own facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

__all__ = ["Element", "read"]

_VOID = {"meta", "link", "input", "br"}


@dataclass(eq=False)
class Element:
    """An element: tag, attributes, children, the text directly inside it."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def all(self, *tags: str) -> list[Element]:
        """Return the descendants with one of these tags, in order; all of them when no tag is named."""
        return [one for one in self.walk() if not tags or one.tag in tags]

    def walk(self) -> Iterator[Element]:
        """Yield the descendants in order."""
        for child in self.children:
            yield child
            yield from child.walk()

    def inside(self, tag: str) -> bool:
        """Say whether an ancestor has this tag."""
        return self.parent is not None and (self.parent.tag == tag or self.parent.inside(tag))

    def words(self) -> str:
        """Return all text inside, with single spaces."""
        return " ".join([*self.text.split(), *(words for child in self.children if (words := child.words()))])


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self.here = Element("", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in _VOID:
            self.here = self.here.children[-1]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        self.here.children.append(Element(tag, {name: value or "" for name, value in attrs}, self.here))

    def handle_endtag(self, tag: str) -> None:
        assert self.here.tag == tag, f"</{tag}> closes <{self.here.tag}>"
        assert self.here.parent is not None
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        self.here.text += data


def read(page: str) -> Element:
    """Read a page; an element that is not closed in order fails the test."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.here is reader.root, f"<{reader.here.tag}> is not closed"
    return reader.root
