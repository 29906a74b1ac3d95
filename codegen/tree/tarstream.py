# SPDX-License-Identifier: GPL-2.0-only
"""Reading a tar stream of a source tree: quickly, and trusting nothing in it.

Python's tarfile took three times the processor time of this reader on a kernel (its header
objects cost more than the data). Formats: ustar, pax and GNU, as GNU tar(5) describes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Literal, NamedTuple

MemberKind = Literal["file", "folder", "symlink", "hardlink"]

BLOCK = 512
MAX_MEMBER = 256 << 20  # bytes; the largest file of a kernel is 24 MB
MAX_TOTAL = 8 << 30  # bytes; a kernel has 1.6 GB
MAX_MEMBERS = 1_000_000  # a kernel has 0.1 million
MAX_NAME = 4096  # bytes, Linux's PATH_MAX
_MAX_EXTENSION = 1 << 20
_KINDS: dict[bytes, MemberKind] = {
    b"0": "file",
    b"\0": "file",
    b"7": "file",
    b"5": "folder",
    b"2": "symlink",
    b"1": "hardlink",
}
_REFUSED = {b"3": "a device", b"4": "a device", b"6": "a named pipe", b"S": "a sparse file"}


class BadTar(ValueError):
    """The stream is no tar, is cut off, or holds what no source tree holds."""


class TarMember(NamedTuple):
    """One member; `path` and a hard link's `target` are checked and relative to the top folder."""

    path: bytes  # b"" for the top folder itself
    kind: MemberKind
    executable: bool
    mtime: int  # seconds since 1970
    data: bytes | memoryview
    target: bytes  # of links


def read_tar(stream: IO[bytes]) -> Iterator[TarMember]:
    """The members of an uncompressed tar whose paths all begin with the same folder.

    That folder is stripped. Raises BadTar.
    """
    top: bytes | None = None
    total = 0
    for count, (name, header, size, link, mtime) in enumerate(_headers(stream), 1):
        target = link
        kind = _KINDS.get(header[156:157])
        if kind is None:
            what = _REFUSED.get(header[156:157], f"of the unknown type {header[156:157]!r}")
            raise BadTar(f"{_show(name)}: is {what}; only files, folders and links are taken")
        data = memoryview(_exactly(stream, _padded(size), name))[:size] if size else b""
        total += size
        if count > MAX_MEMBERS or total > MAX_TOTAL:
            raise BadTar(
                f"{_show(name)}: too much for a source tree (more than {MAX_MEMBERS} members "
                f"or {MAX_TOTAL} bytes)"
            )
        first, path = _split(name)
        if top is None:
            top = first
        elif first != top:
            raise BadTar(f"{_show(name)}: not below the top folder {_show(top)}")
        if kind == "hardlink":
            folder, target = _split(target)
            if folder != top:
                raise BadTar(f"{_show(name)}: links to {_show(target)}, outside the tree")
        elif kind == "symlink":
            _check_symlink(path, target)
        if not path and kind != "folder":
            raise BadTar(f"{_show(name)}: the top is not a folder")
        executable = bool(_number(header[100:108], name) & 0o100)
        yield TarMember(path, kind, executable, mtime, data, target)
    if top is None:
        raise BadTar("the archive is empty")


def _headers(stream: IO[bytes]) -> Iterator[tuple[bytes, bytes, int, bytes, int]]:
    """(name, header, size, link, mtime) of each member, extension headers applied."""
    read = stream.read
    extra: dict[bytes, bytes] = {}
    while True:
        header = read(BLOCK)
        if not header:
            raise BadTar("the archive is cut off: it has no end mark")
        if len(header) < BLOCK:
            raise BadTar("the archive is cut off in a header")
        if not header[0] and not any(header):
            break
        name = _text(header[:100])
        checksum = sum(header) - sum(header[148:156]) + 8 * 32
        if checksum != _number(header[148:156], name):
            raise BadTar(f"{_show(name)}: header checksum differs; the archive is damaged")
        size = _number(header[124:136], name)
        flag = header[156:157]
        if flag in b"LKxg" and flag:
            if size > _MAX_EXTENSION:
                raise BadTar(f"{_show(name)}: extension header of {size} bytes")
            _extend(extra, flag, _exactly(stream, _padded(size), name)[:size])
            continue
        # ustar has a prefix field; GNU tar ("ustar  \0") uses the place for other things.
        if header[257:263] == b"ustar\0" and header[345]:
            name = _text(header[345:500]) + b"/" + name
        name = extra.get(b"path", name)
        link = extra.get(b"linkpath", _text(header[157:257]))
        mtime = _number(header[136:148], name)
        try:
            size = int(extra.get(b"size", size))
            mtime = int(float(extra.get(b"mtime", mtime)))
        except (ValueError, OverflowError) as error:
            raise BadTar(f"{_show(name)}: pax header: {error}") from error
        if not 0 <= size <= MAX_MEMBER:
            raise BadTar(f"{_show(name)}: {size} bytes; at most {MAX_MEMBER} are taken")
        if flag in b"12345" and flag:
            size = 0  # POSIX: no data follows, whatever the field says
        extra.clear()
        yield name, header, size, link, min(max(mtime, 0), 1 << 40)
    # The writer upstream must not die of a closed pipe: take the padding too.
    while read(1 << 20):
        pass


def _extend(extra: dict[bytes, bytes], flag: bytes, data: bytes) -> None:
    """Take an extension header's facts about the member that follows."""
    if flag in b"LK":
        extra[b"path" if flag == b"L" else b"linkpath"] = data.rstrip(b"\0")
        return
    while data:
        length, _, _ = data.partition(b" ")
        if not length.isdigit() or not len(length) + 1 < int(length) <= len(data):
            raise BadTar("damaged pax header")
        key, _, value = data[len(length) + 1 : int(length) - 1].partition(b"=")
        data = data[int(length) :]
        if flag == b"x":
            if key.startswith(b"GNU.sparse"):
                raise BadTar(f"{_show(extra.get(b'path', b'?'))}: is a sparse file")
            extra[key] = value
        elif key in (b"path", b"linkpath", b"size"):
            raise BadTar(f"a global pax header sets {_show(key)} for all members")


def _exactly(stream: IO[bytes], size: int, name: bytes) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise BadTar(f"{_show(name)}: the archive is cut off here")
    return data


def _padded(size: int) -> int:
    return (size + BLOCK - 1) & -BLOCK


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _number(field: bytes, name: bytes) -> int:
    if field[0] & 0x80:  # GNU: base 256 for what octal digits cannot hold
        return int.from_bytes(field, "big") - (0x80 << 8 * (len(field) - 1))
    try:
        return int(field.rstrip(b"\0 ") or b"0", 8)
    except ValueError as error:
        raise BadTar(f"{_show(name)}: {field!r} is no octal number") from error


def _split(name: bytes) -> tuple[bytes, bytes]:
    """A member's name as (top folder, path below it), checked."""
    if name.startswith(b"./"):
        name = name[2:]
    if name.endswith(b"/"):
        name = name[:-1]
    if len(name) > MAX_NAME:
        raise BadTar(f"{_show(name[:60])}...: name of {len(name)} bytes")
    parts = name.split(b"/")
    for part in parts:
        # What git would refuse to check out; verify_path() in git's read-cache.c.
        if part in (b"", b".", b"..") or part.lower() in (b".git", b"git~1"):
            raise BadTar(f"{_show(name)}: an absolute path, '..' or '.git' is not taken")
    if name.translate(None, _CONTROL) != name:
        raise BadTar(f"{_show(name)}: control characters in a name")
    return parts[0], b"/".join(parts[1:])


_CONTROL = bytes(range(32)) + b"\x7f"


def _check_symlink(path: bytes, target: bytes) -> None:
    """A symbolic link must stay in the tree: others would read or write what is not the kernel."""
    depth = path.count(b"/")
    if not target or target.startswith(b"/") or b"\0" in target or len(target) > MAX_NAME:
        raise BadTar(f"{_show(path)}: symbolic link to {_show(target)}; it must be relative")
    for part in target.split(b"/"):
        depth += -1 if part == b".." else part not in (b"", b".")
        if depth < 0:
            raise BadTar(f"{_show(path)}: symbolic link to {_show(target)}, outside the tree")


def _show(name: bytes) -> str:
    return repr(name.decode("utf-8", "backslashreplace"))
