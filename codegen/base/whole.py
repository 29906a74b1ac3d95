# SPDX-License-Identifier: GPL-2.0-only
"""A file that others see as it was or as it is now, never half of it."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path


def write(path: Path, data: bytes | str, mode: int = 0o666) -> None:
    """Put `data` (text as UTF-8) at `path`, whose folder is there; `mode` less the umask.

    Written beside its place and renamed, by each thread for itself.  A link that lies there is
    replaced, not followed.  Raises OSError, and then what was at `path` still is.
    """
    new = path.with_name(f".{path.name}.{threading.get_native_id()}")
    with suppress(FileNotFoundError):
        new.unlink()
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
            stream.write(data.encode() if isinstance(data, str) else data)
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
