"""The public surface: what `__all__` says is what can be imported, and records are built with keywords only."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from strategies import RECORDS

import drillyard
from drillyard.records import Record

SRC = Path(drillyard.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(SRC.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in SRC.rglob("*.py")
    if path.name != "__main__.py"
)
_EXTRAS = (
    ("torch", "torch"),
    ("openai", "openai"),
    ("inspect", "inspect_ai"),
    ("evals", "evals"),
    ("garak", "garak"),
    ("nemo", "nemoguardrails"),
)
each_module = pytest.mark.parametrize("name", MODULES)


def load(name: str):
    """Import a module of ours; one that needs an extra is skipped, visibly, where the extra is missing."""
    for ending, module in _EXTRAS:
        if name.endswith(f"_{ending}"):
            pytest.importorskip(module)
    return importlib.import_module(name)  # noqa: TID251 - the test walks all modules by name


def defined(name: str) -> set[str]:
    """Return the functions and classes without underscore that a module's own source defines at top level."""
    tree = ast.parse(Path(load(name).__file__).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")}


def order(name: str) -> tuple[int, str]:
    """Sort as ruff does: CONSTANTS, then Classes, then functions, each by the alphabet."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


@each_module
def test_all_is_sorted_and_imports(name: str) -> None:
    """Every module states its surface: sorted, without repeats, each name there."""
    module = load(name)
    assert hasattr(module, "__all__"), f"{name}: state its public names in __all__"
    assert list(module.__all__) == sorted(set(module.__all__), key=order), f"{name}: sort __all__"
    missing = [item for item in module.__all__ if not hasattr(module, item)]
    assert not missing, f"{name}: __all__ names {missing}, which cannot be imported"


@each_module
def test_what_has_a_public_name_is_public(name: str) -> None:
    """A function or class without an underscore stands in `__all__`; anything else is private by its name."""
    hidden = defined(name) - set(load(name).__all__)
    assert not hidden, f"{name}: put {sorted(hidden)} into __all__, or start their names with an underscore"


@each_module
def test_public_dataclasses_are_keyword_only(name: str) -> None:
    """A reader sees which value goes where, and a new field breaks nobody."""
    module = load(name)
    for item in (getattr(module, word) for word in module.__all__):
        if isinstance(item, type) and dataclasses.is_dataclass(item) and item.__module__ == name:
            positional = [field.name for field in dataclasses.fields(item) if field.init and not field.kw_only]
            assert not positional, f"{name}.{item.__name__}: add kw_only=True"


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_records_are_keyword_only(kind: type[Record]) -> None:
    """A record's fields can only be given by name."""
    kinds = {parameter.kind for parameter in inspect.signature(kind).parameters.values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}


def test_every_public_name_of_the_package_loads() -> None:
    """What `dir(drillyard)` and `__all__` promise is there, and a type checker sees the same names."""
    assert dir(drillyard) == drillyard.__all__ == sorted(drillyard.__all__)
    for name in drillyard.__all__:
        assert getattr(drillyard, name) is not None
    tree = ast.parse((SRC / "__init__.py").read_text(encoding="utf-8"))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {alias.asname for node in guarded.body for alias in node.names}
    assert typed | {"__version__"} == set(drillyard.__all__), "keep the table and the TYPE_CHECKING imports alike"


def test_an_unknown_name_lists_the_known_ones() -> None:
    """A typing error in `drillyard.…` is answered with the public names."""
    with pytest.raises(AttributeError, match="no attribute 'palnt'; it has: .*plant"):
        drillyard.palnt  # noqa: B018 - looking it up is the test


def test_a_public_name_is_loaded_at_first_use() -> None:
    """`import drillyard` alone loads no room; asking for a name does."""
    code = (
        "import sys, drillyard\n"
        "before = [m for m in sys.modules if m.startswith('drillyard.')]\n"
        "drillyard.World\n"
        "assert sorted(before) == ['drillyard.errors', 'drillyard.registry'], before\n"
        "assert 'drillyard.organisms.worlds.world' in sys.modules"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
