"""Single sign-on by OpenID Connect: which provider is asked, and whom its answer signs in.

The provider stands in `oidc.json` in the programme folder; the client's secret is in the environment, never in a file.
A person is known by what the provider calls them, as a hash; no name or address is taken. The protocol itself is in
`sso_oidc.py`.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from pydantic import Field

from drillyard.errors import MissingExtra, bad_input
from drillyard.programs.folder import ProgramFolder
from drillyard.records import Record
from drillyard.records.files import read_record
from drillyard.registrar.platforms import Platforms

if TYPE_CHECKING:  # an extra
    from drillyard.yard.sso_oidc import SignOn

__all__ = ["OIDC_FILE", "Provider", "open_sign_on", "read_provider"]

OIDC_FILE = "oidc.json"


class Provider(Record):
    """A provider as its administrator tells it.

    `role` is the plan's role that newcomers get; `secret_variable` names the variable that holds the client's secret.
    `domain` lets in nobody whose verified mail address ends otherwise; empty lets in all whom the provider lets in.
    """

    issuer: str
    client_id: str = Field(min_length=1, max_length=200)
    secret_variable: str = "DRILLYARD_OIDC_SECRET"
    called: str = Field(default="your organisation", min_length=1, max_length=60)
    role: str
    domain: str = ""


def read_provider(programme: ProgramFolder) -> Provider | None:
    """Return the provider, or `None` where there is none. Raises `BadInput` for a role that the plan has not."""
    file = programme.path / OIDC_FILE
    if not file.is_file():
        return None
    provider = read_record(file, Provider)
    if not re.fullmatch(r"https?://[^\s\"'<>?#]{1,200}", provider.issuer):
        raise bad_input(f"issuer {provider.issuer[:60]!r} in {file}", "an address that begins with https://")
    if not re.fullmatch(r"([a-z0-9-]+\.)*[a-z0-9-]*", provider.domain):
        raise bad_input(f"domain {provider.domain[:60]!r} in {file}", "one in small letters, such as example.org")
    roles = [one.role for one in programme.plan().roles]
    if provider.role not in roles:
        raise bad_input(f"role {provider.role[:60]!r} in {file}", f"one of: {', '.join(roles)}")
    return provider


def open_sign_on(programme: ProgramFolder, platforms: Platforms, url: str) -> SignOn | None:
    """Return the way to sign on, or `None` where the programme has no provider.

    Raises:
        BadInput: a file that is wrong, no address of the yard, or no secret in the environment.
        MissingExtra: `authlib` is not installed.
    """
    provider = read_provider(programme)
    if provider is None:
        return None
    if not url:
        raise bad_input(f"{OIDC_FILE} without the yard's address", "both", "add --url https://yard.example.org")
    secret = os.environ.get(provider.secret_variable, "")
    if not secret:
        found = f"no {provider.secret_variable} in the environment"
        raise bad_input(found, "the client's secret", f"export {provider.secret_variable}=…")
    try:
        from drillyard.yard.sso_oidc import SignOn
    except ImportError:
        raise MissingExtra("oidc", "single sign-on") from None
    return SignOn(provider, secret, platforms, url)
