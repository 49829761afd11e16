"""A database that goes away and returns, for real: one line and 503 meanwhile, nothing lost, and all goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient
from yard.small_programme import ANN, CLAIM, FIELDS, EchoingModel, grade_of, rows, until
from yard.visitor import Visitor

from drillyard.programs.folder import ProgramFolder
from drillyard.yard.app import make_app
from drillyard.yard.pages.chat import LINES

if TYPE_CHECKING:
    from postgres_cluster import Cluster


@contextmanager
def served(programme: ProgramFolder, url: str) -> Iterator[TestClient]:
    """Run a yard on a server's database."""
    app = make_app(programme.path, targets=lambda _: EchoingModel(), grader=grade_of, db=url, lease_seconds=0.9)
    with TestClient(app) as client:
        yield client


def test_cut_connections_are_not_noticed(programme: ProgramFolder, postgres: Cluster) -> None:
    """A restart between two pages, or a firewall that forgets, costs nobody a page."""
    url = postgres.schema()
    with served(programme, url) as client:
        ann = Visitor(client).sign_in(ANN.code)
        for _ in range(2):
            postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            assert "My drills" in ann.get("/drills")


@pytest.mark.walk
def test_a_server_that_stops_and_starts_loses_nothing(programme: ProgramFolder, postgres: Cluster) -> None:
    """Every kind of request is answered with 503 and what to do; work of before is there after, and is graded."""
    url = postgres.schema()
    with served(programme, url) as client:
        ann = Visitor(client).sign_in(ANN.code)
        ann.get("/drills/hunt-1")
        ann.send("/drills/hunt-1/claims", **FIELDS)
        form = {"csrf": ann.get("/drills/hunt-1").partition('name="csrf" value="')[2].partition('"')[0]}
        postgres.control("stop", "-m", "immediate", "-w")
        try:
            asked = [client.get(path) for path in ("/drills", "/drills/hunt-1", "/health")]
            asked += [client.post("/drills/hunt-1/claims", data={**form, **FIELDS})]
            asked += [client.post("/drills/hunt-1/submit", data=form)]
            kept = client.post("/drills/hunt-1/drafts/claim", data={**form, **FIELDS})
            assert client.get("/nowhere").status_code == 404
            said = {**form, "template": "v1", "prompt": "Hello?"}
            told = client.post("/drills/hunt-1/chat", data=said, headers={"accept": LINES})
            time.sleep(1.2)  # the queue and the other threads meet it too
        finally:
            postgres.start()
        assert {one.status_code for one in asked} == {503}, [one.status_code for one in asked]
        for one in (asked[0], asked[3]):
            assert "cannot reach its database" in one.text and one.headers["retry-after"] == "10"
            assert (
                ("Send it" if one is asked[3] else "Try") + " again" in one.text
                and "psycopg" not in one.text
                and "secret" not in one.text
            )
        assert kept.status_code == 503, "the page is told that it is not kept"
        assert (
            'id="unsent"' in asked[3].text and "Send it again" in asked[3].text and CLAIM.trigger.words in asked[3].text
        )
        assert told.status_code == 503 and "cannot reach its database" in told.json()["error"]

        assert "My drills" in ann.get("/drills")
        assert CLAIM.behaviour.replace("-", " ") in ann.get("/drills/hunt-1").lower()
        assert rows(url, "select count(*) from claims") == [(1,)], "what was refused was not half kept"
        ann.send("/drills/hunt-1/submit")
        until(lambda: rows(url, "select status from submissions") == [("graded",)])
        assert "Planted and claimed" in ann.get("/drills/hunt-1/result")
