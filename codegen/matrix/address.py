# SPDX-License-Identifier: GPL-2.0-only
"""How a scheduler of Dask's is spoken to: its address, and TLS wherever that is not this machine's.

Whoever reaches a scheduler without TLS runs code on its workers: Dask speaks pickle, and asks
nobody who he is.
"""

from __future__ import annotations

import ipaddress
import json
import re
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import Any

from codegen.base.errors import EnvironmentFailure, UsageError

ANSWER_S = 10.0  # for whoever is asked
_PAUSE_S = 0.5


def checked(address: str) -> str:
    """The address of a scheduler that may be spoken to.  Raises UsageError with the reason."""
    protocol, _, place = address.rpartition("://")
    protocol = protocol or "tcp"
    if not re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}", place):
        hint = "such as tls://host:8786 or localhost:8786"
        raise UsageError(f"{address}: is no address of a scheduler with its port, {hint}")
    if protocol == "tls":
        return address
    host = place.rpartition(":")[0].strip("[]")
    if protocol != "tcp" or not _loopback(host):
        raise UsageError(
            f"{address}: beyond this machine a scheduler is spoken to by TLS alone, as "
            f"tls://{place}: without it, who reaches the port runs code on every worker; "
            "docs/ci.md says how to get certificates"
        )
    return f"{protocol}://{place}"


def _loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def address_in(path: Path) -> str:
    """The address in a scheduler's file.  Raises UsageError where there is none."""
    try:
        return str(json.loads(path.read_text())["address"])
    except OSError as problem:
        raise UsageError(f"{path}: {problem.strerror}") from None
    except (ValueError, LookupError, TypeError):
        raise UsageError(
            f"{path} is no file that `dask scheduler --scheduler-file` wrote"
        ) from None


def dask() -> Any:
    """Dask distributed; it takes a second to import.  Raises UsageError where it is not there."""
    try:
        return import_module("distributed")
    except ImportError:
        raise UsageError(
            "a cluster needs Dask distributed, in this Python and in the workers':",
            ["pip install 'kvm-codegen[cluster]'"],
        ) from None


def _keys(engine: Any) -> Any:
    """How Dask is configured to speak TLS.  Raises UsageError where it is not."""
    security = engine.Security(require_encryption=True)
    if not (security.tls_ca_file and security.tls_client_cert):
        raise UsageError(
            "TLS needs the keys of the cluster: Dask's configuration names no "
            "distributed.comm.tls.ca-file and client.cert; docs/ci.md shows both"
        )
    return security


def _ask(address: str, tls: Any) -> None:
    """Raise OSError where no scheduler answers: Dask itself would leave halves of a client."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_S) as found:
        if tls is None:
            found.recv(1)  # a scheduler says who it is
            return
        context = tls.get_connection_args("client")["ssl_context"]
        with context.wrap_socket(found):
            pass


def connected(address: Callable[[], str], patience: float, ended: Event) -> Any:
    """A client of the scheduler at an address, which is asked for each time, within some seconds.

    Raises EnvironmentFailure where none answers, or nobody waits any more; UsageError where it may
    not be spoken to.
    """
    engine, end = dask(), time.monotonic() + patience
    while True:
        place = checked(address())
        tls = _keys(engine) if place.startswith("tls:") else None
        try:
            _ask(place, tls)
            return engine.Client(place, security=tls, timeout=5, set_as_default=False)
        except OSError as problem:
            if time.monotonic() > end or ended.wait(_PAUSE_S):
                why = problem.strerror or problem
                raise EnvironmentFailure(f"the scheduler {place}: {why}") from None
