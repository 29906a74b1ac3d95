# SPDX-License-Identifier: GPL-2.0-only
"""What the options of `gen matrix` mean, whatever is done with the cells."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from codegen.base.commandline import line
from codegen.base.errors import UsageError
from codegen.matrix.asked import Request, request
from codegen.matrix.local import local_pool
from codegen.matrix.pool import Pool


def asked_of(options: argparse.Namespace) -> Request:
    """What the file and the options ask for."""
    given: Mapping[str, Any] = {
        "descriptions": options.abi,
        "series": options.series,
        "variants": [name for each in options.variants for name in each.split(",")],
        "trees": options.tree,
        "architectures": options.arch,
        "configurations": options.config,
        "compilers": options.compiler,
        "until": options.until,
        "limit": options.limit,
        "redundant": options.redundant,
    }
    return request(options.file, {key: value for key, value in given.items() if value})


@contextmanager
def pool_of(options: argparse.Namespace) -> Iterator[Pool]:
    if options.scheduler and options.scheduler_file:
        raise UsageError("either --scheduler or --scheduler-file, not both")
    if not (options.scheduler or options.scheduler_file):
        with local_pool() as pool:
            yield pool
        return
    from codegen.matrix.cluster import cluster_pool

    with cluster_pool(options.scheduler, options.scheduler_file) as remote:
        yield remote


def command_of(options: argparse.Namespace) -> str:
    """The command that runs the same again."""
    words: list[object] = ["gen", "matrix", *([options.file] if options.file else [])]
    for name in ("abi", "series", "variants", "tree", "arch", "config", "compiler"):
        words += (word for each in getattr(options, name) for word in (f"--{name}", each))
    words += ["--until", options.until] if options.until else []
    return line([*words, *["--redundant"] * options.redundant])
