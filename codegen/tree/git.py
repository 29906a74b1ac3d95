# SPDX-License-Identifier: GPL-2.0-only
"""How git is run: the user's and the system's configuration, hooks and environment stay out."""

from __future__ import annotations

import os
from collections.abc import Mapping

_KEEP = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH")
# Only objects are read, and nothing that a repository configures may run, so that repositories
# of other users can be read as well.
_CONFIG = {"safe.directory": "*", "core.hooksPath": os.devnull, "core.fsmonitor": "false"}


def git_environment(config: Mapping[str, str] | None = None, /, **extra: str) -> dict[str, str]:
    """The environment for a git process, with some configuration and variables of its own."""
    environment = {name: os.environ[name] for name in _KEEP if name in os.environ}
    environment.update(
        LC_ALL="C",
        TZ="UTC",
        GIT_CONFIG_NOSYSTEM="1",
        GIT_CONFIG_GLOBAL=os.devnull,
        GIT_TERMINAL_PROMPT="0",
        GIT_OPTIONAL_LOCKS="0",
        GIT_NO_REPLACE_OBJECTS="1",
        GIT_NO_LAZY_FETCH="1",
        GIT_ALLOW_PROTOCOL="none",
    )
    settings = {**_CONFIG, **(config or {})}
    environment["GIT_CONFIG_COUNT"] = str(len(settings))
    for number, (key, value) in enumerate(settings.items()):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return {**environment, **extra}
