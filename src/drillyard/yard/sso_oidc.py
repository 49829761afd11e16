"""Signing on by OpenID Connect: authorization code with PKCE, by `authlib` (extra `oidc`); tokens are read by PyJWT.

What is asked for is `openid` alone, and `email` where a domain is asked for. A state belongs to the browser that began
and is taken once, so an answer that is sent again, or sent by another browser, signs nobody in.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any

import httpx
import jwt
from authlib.integrations.httpx_client import OAuth2Client

from drillyard.errors import BadInput
from drillyard.registrar.platforms import Platforms
from drillyard.yard.sso import Provider

__all__ = ["SignOn"]

_WAIT = 10.0
"""Seconds for an answer of the provider."""
_FRESH = 3600.0
"""Seconds for which the provider's addresses and keys are believed."""
_SIGNED = ("RS256", "ES256", "PS256", "EdDSA")


class SignOn:
    """The way to one provider."""

    def __init__(self, provider: Provider, secret: str, platforms: Platforms, url: str) -> None:
        self.provider, self._secret, self._kept, self._url = provider, secret, platforms, url
        self._lock = threading.Lock()
        self._read: tuple[float, Mapping[str, Any], jwt.PyJWKSet] | None = None

    def begin(self, browser: str) -> str:
        """Return where a browser goes to sign on. Raises `BadInput` where the provider cannot be reached."""
        told, _ = self._provider()
        verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
        with self._client() as client:
            where, state = client.create_authorization_url(
                told["authorization_endpoint"], code_verifier=verifier, nonce=nonce
            )
        self._kept.keep(f"oidc {state} {browser}", {"verifier": verifier, "nonce": nonce})
        return str(where)

    def end(self, asked: Mapping[str, str], browser: str) -> str:
        """Return what the provider calls the person who comes back.

        Raises:
            BadInput: the answer does not hold, is of another browser, or comes a second time.
        """
        kept = self._kept.take(f"oidc {asked.get('state', '')} {browser}")
        if kept is None:
            raise BadInput("this sign-on was not begun here, or is over: begin it again")
        if "code" not in asked:
            raise BadInput(f"the provider did not sign you on ({asked.get('error', 'no code')[:60]})")
        told, keys = self._provider()
        try:
            with self._client() as client:
                answer = client.fetch_token(told["token_endpoint"], code=asked["code"], code_verifier=kept["verifier"])
            claims = self._claims(answer["id_token"], keys, kept["nonce"])
        except Exception as error:  # of the protocol, of the wire by whichever client the library took, of the token
            raise BadInput(f"the provider's answer does not hold ({type(error).__name__}): begin again") from None
        self._require_domain(claims)
        return str(claims["sub"])

    def _claims(self, token: str, keys: jwt.PyJWKSet, nonce: str) -> Mapping[str, Any]:
        name = jwt.get_unverified_header(token).get("kid")
        key = next((one for one in keys.keys if name is None or one.key_id == name), None)
        if key is None:
            raise jwt.InvalidKeyError("no such key")
        claims: Mapping[str, Any] = jwt.decode(
            token, key.key, _SIGNED, audience=self.provider.client_id, issuer=self.provider.issuer,
            options={"require": ["exp", "iat", "sub", "aud", "iss"]}, leeway=30,
        )  # fmt: skip
        if not secrets.compare_digest(str(claims.get("nonce", "")), nonce):
            raise jwt.InvalidTokenError("another nonce")
        return claims

    def _require_domain(self, claims: Mapping[str, Any]) -> None:
        mail, wanted = str(claims.get("email", "")).casefold(), self.provider.domain
        if wanted and not (claims.get("email_verified") is True and mail.endswith(f"@{wanted}")):
            raise BadInput("your account is of no domain that is let in: ask your designer")

    def _provider(self) -> tuple[Mapping[str, Any], jwt.PyJWKSet]:
        """Return the provider's addresses and keys, asked anew each hour."""
        with self._lock:
            if self._read is None or time.monotonic() - self._read[0] > _FRESH:
                try:
                    told = self._get(f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration")
                    if told["issuer"] != self.provider.issuer:
                        raise KeyError("issuer")
                    keys = jwt.PyJWKSet.from_dict(self._get(told["jwks_uri"]))
                except (httpx.HTTPError, ValueError, KeyError, jwt.PyJWTError) as error:
                    raise BadInput(
                        f"the provider cannot be asked ({type(error).__name__}): sign in with a code"
                    ) from None
                self._read = time.monotonic(), told, keys
            return self._read[1], self._read[2]

    def _get(self, address: str) -> dict[str, Any]:
        answer = httpx.get(address, timeout=_WAIT)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            self.provider.client_id,
            self._secret,
            scope="openid email" if self.provider.domain else "openid",
            redirect_uri=f"{self._url}/sso/back",
            code_challenge_method="S256",
            timeout=_WAIT,
        )
