"""The public surface: what `__all__` says is what can be imported, and records are built with keywords only."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import importlib.util
import inspect
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from strategies import RECORDS

import drillyard

SRC = Path(drillyard.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(SRC.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in SRC.rglob("*.py")
    if path.name != "__main__.py"
)
_EXTRAS = (
    ("torch", "torch"),
    ("lti", "pylti1p3"),
    ("oidc", "authlib"),
    ("openai", "openai"),
    ("inspect", "inspect_ai"),
    ("evals", "evals"),
    ("garak", "garak"),
    ("nemo", "nemoguardrails"),
    ("pypdf", "pypdf"),
    ("sklearn", "sklearn"),
    ("ray", "ray"),
)


@pytest.fixture(scope="module")
def modules() -> dict[str, ModuleType]:
    """Every module of ours, by name; one that needs an extra is left out where the extra is missing."""
    needed = {name: next((extra for end, extra in _EXTRAS if name.endswith(f"_{end}")), "sys") for name in MODULES}
    there = [name for name in MODULES if importlib.util.find_spec(needed[name])]
    return {name: importlib.import_module(name) for name in there}  # noqa: TID251 - the test walks all modules by name


def defined(module: ModuleType) -> set[str]:
    """Return the functions and classes without underscore that a module's own source defines at top level."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")}


def report(problems: list[str]) -> None:
    """Fail with all problems at once."""
    assert not problems, "\n  ".join(["the public surface:", *problems])


def order(name: str) -> tuple[int, str]:
    """Sort as ruff does: CONSTANTS, then Classes, then functions, each by the alphabet."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


def test_every_module_states_its_surface(modules: dict[str, ModuleType]) -> None:
    """`__all__` is sorted, without repeats, each name there; what is not in it is private by its name."""
    problems = []
    for name, module in modules.items():
        said = getattr(module, "__all__", None)
        if said is None:
            problems.append(f"{name}: state its public names in __all__")
            continue
        if list(said) != sorted(set(said), key=order):
            problems.append(f"{name}: sort __all__")
        if missing := [item for item in said if not hasattr(module, item)]:
            problems.append(f"{name}: __all__ names {missing}, which cannot be imported")
        if hidden := defined(module) - set(said):
            problems.append(f"{name}: put {sorted(hidden)} into __all__, or start their names with an underscore")
    report(problems)


def test_public_dataclasses_and_records_are_keyword_only(modules: dict[str, ModuleType]) -> None:
    """A reader sees which value goes where, and a new field breaks nobody."""
    problems = []
    for name, module in modules.items():
        own = [item for item in map(vars(module).get, module.__all__) if getattr(item, "__module__", "") == name]
        for kind in filter(dataclasses.is_dataclass, own):
            if any(field.init and not field.kw_only for field in dataclasses.fields(kind)):
                problems.append(f"{name}.{kind.__name__}: add kw_only=True")
    for kind in RECORDS:
        kinds = {parameter.kind for parameter in inspect.signature(kind).parameters.values()}
        if kinds != {inspect.Parameter.KEYWORD_ONLY}:
            problems.append(f"{kind.__name__}: takes {kinds}")
    report(problems)


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
