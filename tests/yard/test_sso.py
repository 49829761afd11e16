"""Single sign-on, at a provider that is not ours: who comes back is signed in, and nobody else is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.testclient import TestClient
from yard.course import build_course
from yard.small_programme import EchoingModel, grade_of
from yard.test_again import copy_instance

from drillyard.errors import BadInput
from drillyard.programs.folder import ProgramFolder
from drillyard.yard.app import make_app

mock = pytest.importorskip("oidc_provider_mock", reason="the extra oidc or its provider for tests is not installed")
pytest.importorskip("authlib", reason="the extra oidc is not installed")

URL = "https://testserver"
pytestmark = [
    pytest.mark.walk,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the provider's own, in its thread
]


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """A running provider."""
    with mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def folder(tmp_path: Path, provider: str, monkeypatch: pytest.MonkeyPatch) -> ProgramFolder:
    """A programme whose people sign on there."""
    monkeypatch.setenv("DRILLYARD_OIDC_SECRET", "s3cret")
    folder = build_course(tmp_path / "prog")
    write(folder, issuer=provider)
    return folder


def write(folder: ProgramFolder, **changed: str) -> None:
    """Write the provider down."""
    told = {"issuer": "http://localhost:1", "client_id": "yard", "role": "engineer", "called": "Brightwell"} | changed
    (folder.path / "oidc.json").write_text(json.dumps(told))


@pytest.fixture
def browser(folder: ProgramFolder) -> Iterator[TestClient]:
    """A browser at the yard."""
    app = make_app(folder.path, targets=lambda _: EchoingModel(), grader=grade_of, build=copy_instance, url=URL)
    with TestClient(app):
        yield TestClient(app, base_url=URL)


def sign_on(browser: TestClient, who: str = "u-1") -> str:
    """Go to the provider, sign on there, and return the address that it sends the browser back to."""
    browser.get("/sign-in")
    answer = browser.get("/sso", follow_redirects=False)
    assert answer.status_code == 303
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["response_type"] == ["code"] and asked["nonce"]
    back = httpx.post(answer.headers["location"], data={"sub": who})
    assert back.status_code in (302, 303), back.text
    assert back.headers["location"].startswith(f"{URL}/sso/back?")
    return back.headers["location"]


def test_who_signs_on_there_is_signed_in_here(folder: ProgramFolder, browser: TestClient) -> None:
    """A newcomer gets a place without a name; the next time it is the same one; the door offers the way."""
    assert "Sign in with Brightwell" in browser.get("/sign-in").text
    page = browser.get(sign_on(browser))
    assert page.status_code == 200 and "My drills" in page.text
    newcomer = folder.roster().learners[-1]
    assert newcomer.invited and newcomer.role == "engineer" and newcomer.id in page.text
    other = TestClient(browser.app, base_url=URL)
    assert newcomer.id in other.get(sign_on(other)).text
    third = TestClient(browser.app, base_url=URL)
    third.get(sign_on(third, "u-2"))
    assert len(folder.roster().learners) == 4 and folder.people().keys() == {"ann-2345"}


def test_an_answer_is_taken_once_and_from_its_browser(folder: ProgramFolder, browser: TestClient) -> None:
    """Sent again, sent by another browser, with another state or code, and a refusal: nobody is signed in."""
    back = sign_on(browser)
    thief = TestClient(browser.app, base_url=URL)
    thief.get("/sign-in")
    assert thief.get(back).status_code == 403
    assert browser.get(back).status_code == 200
    fresh = TestClient(browser.app, base_url=URL)
    swaps = (("state=", "state=x"), ("code=", "code=x"), ("code=", "error="))
    for old, new in swaps:
        assert fresh.get(sign_on(fresh, "u-9").replace(old, new)).status_code == 403, new
    for address in (back, f"{URL}/sso/back"):
        assert fresh.get(address).status_code == 403, address
    assert "Sign in" in fresh.get("/drills").text
    assert len(folder.roster().learners) == 3


def test_a_forged_token_signs_nobody_in(
    folder: ProgramFolder, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another nonce, audience, issuer or key in the token: what the provider is made to answer does not hold."""
    sso = browser.app.state.yard.sso  # type: ignore[attr-defined]
    good = type(sso)._claims
    for change in ("nonce", "client_id", "issuer", "keys"):

        def forged(self: object, token: str, keys: object, nonce: str, change: str = change) -> object:
            provider = self.provider  # type: ignore[attr-defined]
            if change in ("client_id", "issuer"):
                self.provider = provider.model_copy(update={change: "http://other"})  # type: ignore[attr-defined]
            try:
                empty = type("Keys", (), {"keys": []})
                return good(self, token, empty if change == "keys" else keys, "x" if change == "nonce" else nonce)
            finally:
                self.provider = provider  # type: ignore[attr-defined]

        monkeypatch.setattr(type(sso), "_claims", forged)
        answer = browser.get(sign_on(browser, "u-9"))
        assert answer.status_code == 403 and "does not hold" in answer.text, change
    assert len(folder.roster().learners) == 2


def test_a_domain_lets_in_its_verified_addresses_only(folder: ProgramFolder, provider: str) -> None:
    """An address of another domain, one that only ends alike, and one that is not verified stay outside."""
    write(folder, issuer=provider, domain="brightwell.example")
    app = make_app(folder.path, targets=lambda _: EchoingModel(), build=copy_instance, url=URL)
    with TestClient(app):
        for mail, verified, status in (
            ("eve@brightwell.example", True, 200), ("eve@brightwell.example", False, 403),
            ("eve@evil.example", True, 403), ("eve@xbrightwell.example", True, 403),
        ):  # fmt: skip
            httpx.put(f"{provider}/users/eve", json={"email": mail, "email_verified": verified})
            one = TestClient(app, base_url=URL)
            assert one.get(sign_on(one, "eve")).status_code == status, (mail, verified)


def test_a_provider_that_is_down_is_one_line(folder: ProgramFolder) -> None:
    """Codes still open the door."""
    write(folder)
    app = make_app(folder.path, targets=lambda _: EchoingModel(), url=URL)
    with TestClient(app):
        answer = TestClient(app, base_url=URL).get("/sso")
        assert answer.status_code == 503 and "sign in with a code" in answer.text


def test_a_wrong_file_is_one_line(folder: ProgramFolder, provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role of no plan, no address of the yard, no secret."""
    write(folder, issuer=provider, role="boss")
    with pytest.raises(BadInput, match="one of: support-lead, engineer"):
        make_app(folder.path, url=URL)
    write(folder, issuer=provider)
    with pytest.raises(BadInput, match="--url"):
        make_app(folder.path)
    monkeypatch.delenv("DRILLYARD_OIDC_SECRET")
    with pytest.raises(BadInput, match="export DRILLYARD_OIDC_SECRET"):
        make_app(folder.path, url=URL)
