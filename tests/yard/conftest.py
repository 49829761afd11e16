"""A running yard over a small programme, and visitors with a browser that has no screen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from yard.small_programme import ANN, HERE, Clock, EchoingModel, build_programme, grade_of
from yard.visitor import Visit, Visitor

from drillyard.programs.folder import ProgramFolder
from drillyard.registrar.located import SETTING
from drillyard.registrar.store import Store
from drillyard.yard.app import make_app


@pytest.fixture
def clock() -> Clock:
    """A clock that is moved by hand."""
    return Clock()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """An empty place for a store in each database that a yard runs on."""
    return tmp_path / "yard.db" if request.param == "sqlite" else request.getfixturevalue("postgres").schema()


@pytest.fixture
def store(database: Path | str, clock: Clock) -> Iterator[Store]:
    """A store with one learner, under that clock."""
    store = Store(database, clock)
    store.sign_in(ANN.id, ANN.role)
    yield store
    store.close()


@pytest.fixture(autouse=True)
def _database_of_every_yard(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With DRILLYARD_TEST_DATABASE=postgres every yard of these tests keeps its work on a server."""
    monkeypatch.delenv(SETTING, raising=False)
    if os.environ.get("DRILLYARD_TEST_DATABASE") == "postgres":
        monkeypatch.setenv(SETTING, request.getfixturevalue("postgres").schema())


@pytest.fixture
def programme(tmp_path: Path) -> ProgramFolder:
    """A programme folder."""
    return build_programme(tmp_path / "prog")


@pytest.fixture
def visit(programme: ProgramFolder, clock: Clock) -> Iterator[Visit]:
    """A function that lets somebody sign in at a running yard; each visitor has cookies of their own."""
    app = make_app(programme.path, targets=lambda _: EchoingModel(), grader=grade_of, clock=clock)
    with TestClient(app):

        def arrive(code: str = "") -> Visitor:
            visitor = Visitor(TestClient(app))
            return visitor.sign_in(code) if code else visitor

        yield arrive


@pytest.fixture
def ann(visit: Visit) -> Visitor:
    """A learner on the page of her drill."""
    ann = visit(ANN.code)
    ann.get(HERE)
    return ann
