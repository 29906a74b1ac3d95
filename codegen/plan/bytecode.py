# SPDX-License-Identifier: GPL-2.0-only
"""Templates as Jinja compiled them, in the store of results: rendering takes less than that."""

from __future__ import annotations

from contextlib import suppress
from functools import cache

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket, bc_magic

from codegen.base.errors import EnvironmentFailure
from codegen.store import owncode
from codegen.store.store import key, store

_KIND, _CODE = "template", "code"


class CompiledTemplates(BytecodeCache):
    """See `jinja2.BytecodeCache`.  A filter's answer for a constant is in the code as well."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket with what was compiled of the same text."""
        with suppress(EnvironmentFailure, FileNotFoundError):
            if found := store().get(_KIND, _key(bucket)):
                bucket.bytecode_from_string(found.read(_CODE))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled; a store that cannot be written is no reason to fail."""
        with suppress(EnvironmentFailure):
            store().put(_KIND, _key(bucket), None, {_CODE: bucket.bytecode_to_string()})


def _key(bucket: Bucket) -> str:
    return key(bucket.key, bucket.checksum, bc_magic, _own())


@cache
def _own() -> str:
    return owncode.code(("style", "kinds", "plan"))
