# SPDX-License-Identifier: GPL-2.0-only
"""Templates as Jinja compiled them: rendering takes less than that.

Those that gen ships lie beside gen's own modules as Python compiled them, where Python may write
there; all others in the store of results.  A filter's answer for a constant is in the code as well.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path

from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket, bc_magic

from codegen.base.errors import EnvironmentFailure
from codegen.base.resources import resources
from codegen.store import owncode
from codegen.store.store import key, store

_KIND, _CODE = "template", "code"
_OWN = Path(__file__).parents[1]


class CompiledTemplates(FileSystemBytecodeCache):
    """See `jinja2.BytecodeCache`: where the templates of a folder are, once they were compiled.

    `rooms` are those of gen whose code has the filters.
    """

    def __init__(self, folder: Path, rooms: Sequence[str]) -> None:
        beside = Path(cache_from_source(__file__)).parent
        super().__init__(str(beside), "template-%s.j2c")
        self._rooms = tuple(rooms)
        self._shipped = folder.is_relative_to(_OWN) or folder == resources("templates")
        self._writes = not sys.dont_write_bytecode and os.access(beside, os.W_OK)

    def get_source_checksum(self, source: str) -> str:
        """What code depends on beside Jinja and Python."""
        return key(source, owncode.code(self._rooms))

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket with what was compiled of the same text."""
        if self._shipped:
            with suppress(OSError, EOFError, pickle.UnpicklingError):
                super().load_bytecode(bucket)
        if bucket.code is None:
            with suppress(EnvironmentFailure, FileNotFoundError):
                if found := store().get(_KIND, _key(bucket)):
                    bucket.bytecode_from_string(found.read(_CODE))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled; what cannot be written is no reason to fail."""
        with suppress(EnvironmentFailure, OSError):
            if self._shipped and self._writes:
                super().dump_bytecode(bucket)
            else:
                store().put(_KIND, _key(bucket), None, {_CODE: bucket.bytecode_to_string()})


def _key(bucket: Bucket) -> str:
    return key(bucket.key, bucket.checksum, bc_magic)
