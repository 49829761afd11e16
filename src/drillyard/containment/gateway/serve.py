"""Serving a gateway on this machine: three ports, one ledger folder."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette

from drillyard.containment.gateway.anchors import AnchorFile, read_anchors
from drillyard.containment.gateway.apps import Service, approver_app, asker_app, operator_app
from drillyard.containment.gateway.canary_schedule import read_canaries
from drillyard.containment.gateway.clock import GuardedClock, require_same_time
from drillyard.containment.gateway.databases import sqlite_url
from drillyard.containment.gateway.forecasters import Forecaster, TargetForecaster
from drillyard.containment.gateway.gateway import Gateway
from drillyard.containment.gateway.keys import read_key, read_keyring
from drillyard.containment.gateway.policy import read_gateway_policy
from drillyard.containment.gateway.store import LedgerStore
from drillyard.errors import bad_input
from drillyard.organisms.listening import is_loopback, listen, reachable, run, run_in_background
from drillyard.targets import open_target

__all__ = ["ServeOrder", "open_gateway", "serve_gateway", "serve_in_background"]


@dataclass(frozen=True, kw_only=True)
class ServeOrder:
    """What is served: ports are those of askers, approvers and operators, 0 for any free one.

    `ledger_key` is `ledger.json` beside the keyring unless given.
    """

    target: str
    policy: Path
    keys: Path
    ledger: Path
    ledger_key: Path | None = None
    operator_key: Path | None = None
    anchors: Path | None = None
    canaries: Path | None = None
    database: str = ""
    name: str = "gateway"
    host: str = "127.0.0.1"
    ports: tuple[int, int, int] = (8431, 8432, 8433)


def open_gateway(order: ServeOrder, make: Callable[[], Forecaster] | None = None) -> Gateway:
    """Open a gateway over its folder. Raises `BadInput` for a bad policy, key, ledger, anchor or target."""
    policy, keyring = read_gateway_policy(order.policy), read_keyring(order.keys)
    operator = read_key(order.operator_key) if order.operator_key else None
    canaries = read_canaries(order.canaries) if order.canaries else None
    if policy.canaries.share and canaries is None:
        warnings.warn("the policy wants canaries and there are none: add --canaries FILE", stacklevel=2)
    if make is None:
        forecaster = TargetForecaster(open_target(order.target))
        make = lambda: forecaster  # noqa: E731 - a target keeps nothing between calls
    order.ledger.mkdir(parents=True, exist_ok=True)
    key = read_key(order.ledger_key or order.keys.parent / "ledger.json")
    store = LedgerStore(order.database or sqlite_url(order.ledger), key, skew=policy.clock_skew_seconds)
    try:
        clock = GuardedClock(policy.clock_skew_seconds)
        require_same_time(clock, store.time(), policy.clock_skew_seconds)
        return Gateway(
            policy,
            keyring,
            make,
            store,
            clock,
            name=order.name,
            forecaster=order.target,
            anchor=AnchorFile(order.anchors) if order.anchors else None,
            anchors=read_anchors(order.anchors) if order.anchors and order.anchors.exists() else [],
            operator=operator,
            canaries=canaries,
        )
    except BaseException:
        store.close()
        raise


def serve_gateway(order: ServeOrder, ready: Callable[[dict[str, str]], None]) -> None:
    """Serve until Ctrl+C; `ready` gets the three URLs. Raises `BadInput` as `open_gateway`, or for a taken port."""
    if not is_loopback(order.host):
        raise bad_input(f"host {order.host!r}", "a loopback address", "put a proxy with TLS in front")
    gateway = open_gateway(order)
    service = Service(gateway)
    apps = _apps(service)
    with ExitStack() as stack:
        listeners = [stack.enter_context(listen(order.host, port)) for port in order.ports]
        ready(dict(zip(apps, (_url(order.host, one.getsockname()[1]) for one in listeners), strict=True)))
        (_, first), *rest = apps.items()
        for (_name, app), listener in zip(rest, listeners[1:], strict=True):
            stack.enter_context(run_in_background(app, listener))
        run(first, listeners[0])
    service.close()
    gateway.store.close()


def serve_in_background(gateway: Gateway, stack: ExitStack, host: str = "127.0.0.1") -> dict[str, str]:
    """Serve a gateway on three free ports until the stack closes; returns the URLs of the planes."""
    service = Service(gateway)
    stack.callback(service.close)
    urls = {}
    for name, app in _apps(service).items():
        listener = stack.enter_context(listen(host, 0))
        stack.enter_context(run_in_background(app, listener))
        urls[name] = _url(host, listener.getsockname()[1])
    return urls


def _apps(service: Service) -> dict[str, Starlette]:
    return {"asker": asker_app(service), "approver": approver_app(service), "operator": operator_app(service)}


def _url(host: str, port: int) -> str:
    return f"http://{reachable(host)}:{port}"
