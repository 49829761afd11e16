"""The yard as an LTI 1.3 tool, by `pylti1p3` (extra `lti`): login, launch, deep link, score.

The library keeps a nonce valid for a day and takes a launch that it has seen without its cookie; here a nonce is taken
once, and a launch needs the cookie of the browser that began it, so a launch that is sent again is refused. A token
must have its end and its beginning.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from pylti1p3.assignments_grades import AssignmentsGradesService
from pylti1p3.cookie import CookieService
from pylti1p3.deep_link_resource import DeepLinkResource
from pylti1p3.exception import LtiException, OIDCException
from pylti1p3.grade import Grade
from pylti1p3.launch_data_storage.base import LaunchDataStorage
from pylti1p3.lineitem import LineItem
from pylti1p3.message_launch import MessageLaunch
from pylti1p3.oidc_login import OIDCLogin
from pylti1p3.redirect import Redirect
from pylti1p3.request import Request as LtiRequest
from pylti1p3.service_connector import ServiceConnector
from pylti1p3.session import SessionService
from pylti1p3.tool_config.dict import ToolConfDict

from drillyard.errors import BadInput
from drillyard.exports.course import Course
from drillyard.registrar.platforms import Platform, Platforms

__all__ = ["Launched", "Tool"]

_CLAIM = "https://purl.imsglobal.org/spec/lti/claim"
_ENDPOINT = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
_DEEP = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
_TEACHERS = ("#Instructor", "#ContentDeveloper", "#Administrator")
_WAIT = 10.0
"""Seconds for an answer of a platform."""


class _Once(LaunchDataStorage[Any]):
    """What a launch leaves between its two requests: a nonce, which is taken once. Nothing else is kept."""

    def __init__(self, platforms: Platforms) -> None:
        super().__init__()
        self._platforms = platforms

    def get_session_cookie_name(self) -> None:
        """Tie nothing to a further cookie: the state has its own."""

    def can_set_keys_expiration(self) -> bool:
        """Say that keys end by themselves, each at the same age."""
        return False

    def get_value(self, key: str) -> Any:
        """Return nothing: no launch is taken up again."""
        return None

    def set_value(self, key: str, value: Any, exp: int | None = None) -> None:
        """Keep a nonce."""
        if "nonce" in key:
            self._platforms.keep(key, value)

    def check_value(self, key: str) -> bool:
        """Take a nonce."""
        return self._platforms.take(key) is not None


class _Asked(LtiRequest):
    def __init__(self, fields: Mapping[str, str], secure: bool) -> None:
        self._fields, self._secure = fields, secure

    def is_secure(self) -> bool:
        return self._secure

    def get_param(self, key: str) -> str:
        return self._fields.get(key, "")


class _Cookies(CookieService):
    def __init__(self, held: Mapping[str, str]) -> None:
        self._held, self.made = held, dict[str, str]()

    def get_cookie(self, name: str) -> str | None:
        return self._held.get(f"lti-{name}")

    def set_cookie(self, name: str, value: str | int, exp: int | None = 3600) -> None:
        self.made[f"lti-{name}"] = str(value)


class _Login(OIDCLogin[Any, Any, Any, Any, str]):
    def get_redirect(self, url: str) -> Redirect[str]:
        raise NotImplementedError("the address alone is asked for")


class _Launch(MessageLaunch[Any, Any, Any, Any]):
    def _get_request_param(self, key: str) -> str:
        return str(self._request.get_param(key))


class _Patient(requests.Session):
    """A session in which a platform that does not answer is given up."""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", _WAIT)
        return super().request(*args, **kwargs)


class Launched:
    """A launch that holds: from which platform, who, for which drill, and where a score is to go."""

    def __init__(self, launch: _Launch, platform: Platform) -> None:
        self._launch, self.platform = launch, platform
        self.data: Mapping[str, Any] = launch.get_launch_data()

    @property
    def subject(self) -> str:
        """What the platform calls the person."""
        return str(self.data.get("sub", ""))

    @property
    def drill(self) -> str:
        """The drill that the link is for."""
        return str(self.data.get(f"{_CLAIM}/custom", {}).get("drill", ""))

    @property
    def endpoint(self) -> Mapping[str, Any]:
        """Where scores go; empty where the platform takes none."""
        return dict(self.data.get(_ENDPOINT, {}))

    @property
    def deep(self) -> bool:
        """Whether somebody wants to choose a drill for their course."""
        return self._launch.is_deep_link_launch()

    @property
    def teaches(self) -> bool:
        """Whether the platform says that they may."""
        return any(str(role).endswith(_TEACHERS) for role in self.data.get(f"{_CLAIM}/roles", ()))

    @property
    def settings(self) -> Mapping[str, Any]:
        """What a deep link is answered by, to be kept until the choice."""
        names = ("iss", "aud", "nonce", f"{_CLAIM}/deployment_id", f"{_CLAIM}/message_type", f"{_CLAIM}/version", _DEEP)
        return {name: self.data[name] for name in names if name in self.data}


class Tool:
    """The tool of one yard, under its own address."""

    def __init__(self, platforms: tuple[Platform, ...], kept: Platforms, key: tuple[str, str], url: str) -> None:
        self._platforms, self._kept, self.url = platforms, kept, url
        config: dict[str, Any] = {}
        for one in platforms:
            told = one.model_dump(exclude={"issuer", "role"}) | {"deployment_ids": list(one.deployment_ids)}
            config.setdefault(one.issuer, []).append({**told, "default": True, "key_set": None, "auth_audience": None})
        self._config = ToolConfDict(config)
        for one in platforms:
            self._config.set_private_key(one.issuer, key[0], one.client_id)
            self._config.set_public_key(one.issuer, key[1], one.client_id)

    @property
    def public(self) -> Mapping[str, Any]:
        """The public key by which platforms check what the yard signs, under the name that the library gives it."""
        keys: list[Mapping[str, Any]] = self._config.get_jwks()["keys"]
        return keys[0]

    @property
    def launch_url(self) -> str:
        """Where platforms send their launches."""
        return f"{self.url}/lti/launch"

    def login(self, fields: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Return where the browser goes to be sent back with a launch, and the cookie that ties it to the browser.

        Raises:
            BadInput: a platform that is not let in.
        """
        asked, cookies = self._parts(fields, {})
        try:
            login = _Login(asked, self._config, SessionService(asked), cookies, _Once(self._kept))
            return login._prepare_redirect_url(self.launch_url), cookies.made
        except (OIDCException, LtiException) as error:
            raise BadInput(f"this login is of no platform that is let in ({error})") from None
        except Exception as error:  # the library raises a plain one for an unknown issuer or client
            raise BadInput(f"this login is of no platform that is let in ({str(error)[:100]})") from None

    def launch(self, fields: Mapping[str, str], cookies: Mapping[str, str]) -> Launched:
        """Return a launch once all of it holds: state, nonce, signature, times, deployment, message.

        Raises:
            BadInput: one does not; the line says which.
        """
        asked, held = self._parts(fields, cookies)
        launch = _Launch(
            asked, self._config, SessionService(asked), held, _Once(self._kept), requests_session=_Patient()
        )
        launch.set_jwt_verify_options({"verify_aud": False, "require": ["exp", "iat"]})  # type: ignore[dict-item]
        launch.set_launch_data_storage(_Once(self._kept))
        try:
            data: Mapping[str, Any] = launch.validate().get_launch_data()
        except Exception as error:  # of many kinds, plain ones among them; each says what does not hold
            raise BadInput(
                f"this launch does not hold: {str(error)[:150]}; open the activity from your course"
            ) from None
        return Launched(launch, self._of(str(data["iss"]), data["aud"]))

    def answer(self, settings: Mapping[str, Any], course: Course, drill: str) -> tuple[str, str]:
        """Return where a deep link's answer goes, and the answer. Raises `BadInput` for a drill of no plan."""
        unit = course.unit(drill)
        if unit is None:
            raise BadInput("this drill is not in the plan; choose one of the list")
        line = LineItem().set_label(unit.title).set_score_maximum(100).set_resource_id(drill)
        item = DeepLinkResource().set_url(self.launch_url).set_title(unit.title)
        item.set_custom_params({"drill": drill}).set_lineitem(line)
        launch = self._restored(settings)
        deep = launch.get_deep_link()
        return str(settings[_DEEP]["deep_link_return_url"]), deep.get_response_jwt([item])

    def send(self, where: Mapping[str, Any], score: float, passed: bool, at: float) -> None:
        """Tell a platform a score. Raises what the library raises where it does not take it."""
        registration = self._config.find_registration_by_params(where["issuer"], where["client_id"])
        service = AssignmentsGradesService(ServiceConnector(registration, _Patient()), where["endpoint"])
        grade = Grade().set_score_given(round(100 * score, 2)).set_score_maximum(100).set_user_id(where["subject"])
        grade.set_timestamp(datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"))
        grade.set_activity_progress("Completed" if passed else "InProgress").set_grading_progress("FullyGraded")
        service.put_grade(grade)

    def return_origin(self, settings: Mapping[str, Any]) -> str:
        """Return the origin that a deep link's answer is sent to."""
        parts = urlsplit(str(settings[_DEEP]["deep_link_return_url"]))
        return f"{parts.scheme}://{parts.netloc}"

    def _restored(self, settings: Mapping[str, Any]) -> _Launch:
        asked, held = self._parts({}, {})
        launch = _Launch(asked, self._config, SessionService(asked), held)
        launch.set_auto_validation(enable=False).set_jwt({"body": dict(settings)}).set_restored()  # type: ignore[typeddict-item]
        launch.validate_registration()
        return launch

    def _parts(self, fields: Mapping[str, str], cookies: Mapping[str, str]) -> tuple[_Asked, _Cookies]:
        return _Asked(fields, self.url.startswith("https")), _Cookies(cookies)

    def _of(self, issuer: str, audience: object) -> Platform:
        names = audience if isinstance(audience, list) else [audience]
        return next(one for one in self._platforms if one.issuer == issuer and one.client_id == names[0])
