# SPDX-License-Identifier: GPL-2.0-only
"""Build a kernel out of tree, in an output folder that is kept, and no more of it than changed."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codegen.architectures import DEFAULT, Architecture
from codegen.architectures.toolchain import Toolchain
from codegen.base import whole
from codegen.base.errors import FindingsError, UsageError
from codegen.base.lock import locked
from codegen.run import config, make
from codegen.sandbox import made
from codegen.sandbox.view import Room

STAMP = ".gen-build.json"
CONFIGURED = ".gen-configured"  # as new as the last olddefconfig that was verified


class ConfigRefused(FindingsError):
    """A tree whose Kconfig does not give what the fragment asks; findings say which symbols."""


@dataclass(frozen=True)
class KernelBuild:
    """A kernel that was built: `objects` made now, `seconds` it took, headers in usr/include.

    `image` is what is booted, `cc` what make was told to compile with.
    """

    arch: Architecture
    source: Path
    out: Path
    image: Path
    vmlinux: Path
    release: str
    tools: Toolchain
    objects: int
    seconds: float
    log: Path
    ccache: Path | None
    cc: str
    notes: tuple[str, ...] = ()  # what its configuration lacks of what was only wished for

    @property
    def headers(self) -> Path:
        """The uAPI headers as userspace sees them."""
        return self.out / "usr"


@dataclass(frozen=True)
class Options:
    """How to build: `ccache` is the folder it keeps its objects in (None: without it), `scripts`
    the one for the command that calls it.

    `compiler` is called as for this machine, whatever the architecture is.  `fragment` and
    `targets` are the architecture's own where none are given; without its image among make's
    targets, the result's is not there.  `tools` are files and folders that `make_args` name.
    """

    compiler: str = "gcc"
    arch: Architecture = DEFAULT
    jobs: int | None = None
    ccache: Path | None = None
    scripts: Path | None = None
    fragment: Path | None = None
    make_args: tuple[str, ...] = ()
    tools: tuple[Path, ...] = ()
    targets: tuple[str, ...] = ()

    @property
    def toolchain(self) -> Toolchain:
        """The compiler, for the architecture."""
        return self.arch.toolchain(self.compiler)

    @property
    def config(self) -> Path:
        """The fragment of the configuration."""
        return self.fragment or self.arch.machine.run_config

    @property
    def goals(self) -> tuple[str, ...]:
        """What make is to make."""
        return self.targets or (self.arch.kernel.goal, "headers")


def build(
    source: Path, out: Path, progress: make.Progress | None = None, options: Options | None = None
) -> KernelBuild:
    """Build the image, vmlinux and the uAPI headers of the kernel in `source` into `out`.

    `source` is never written to.  `out` is made, or kept from an earlier build
    of the same source folder; what another source, compiler or architecture
    left there is built anew, and a folder that is not ours is refused.
    Raises UsageError, EnvironmentFailure, ConfigRefused or make.BuildFailed.
    """
    options = options or Options()
    start = time.monotonic()
    source, out = source.resolve(), out.resolve()
    arch, tools = options.arch, options.toolchain
    kernel = arch.kernel
    if not (source / f"arch/{arch.name}/kvm").is_dir():
        raise UsageError(f"{source} is not a kernel tree with KVM for {arch.name}")
    if out == source or source in out.parents:
        raise UsageError(f"the output folder {out} must not lie in the source {source}")
    make.check_tools()
    compiler = make.compiler_id(tools)
    log = out.with_name(f"{out.name}.log")
    with locked(out.with_name(f"{out.name}.lock")):
        log.unlink(missing_ok=True)
        _claim(out, {"source": str(source), "compiler": compiler, "arch": kernel.arch})
        cc = make.compiler_command(tools, options.ccache, options.scripts)
        args = [
            *("-C", str(source), f"O={out}", f"ARCH={kernel.arch}", *tools.make),
            f"CC={cc}",
            *options.make_args,
        ]
        env = make.environment(options.ccache)
        read = (source, *options.tools)
        room = make.room(tools, cc, read, (out,), options.ccache)
        all_new, notes = _configure(source, out, args, env, room, log, options)
        with make.resumed(out):
            objects = make.run_make(
                [*args, *options.goals],
                log,
                env,
                room,
                what="the kernel",
                jobs=options.jobs,
                total=_expected(out, kernel.objects, all_new) if progress else None,
                progress=progress,
                strip=(f"{source}/",),
            )
        release = make.printable(made.text(out / "include/config/kernel.release").strip())
    return KernelBuild(
        arch=arch,
        source=source,
        out=out,
        image=out / kernel.image,
        vmlinux=out / "vmlinux",
        release=release,
        tools=tools,
        objects=objects,
        seconds=time.monotonic() - start,
        log=log,
        ccache=options.ccache,
        cc=cc,
        notes=notes,
    )


def _claim(out: Path, identity: dict[str, str]) -> None:
    """Make `out` ours, and empty where what is in it cannot be used."""
    if out.exists() and any(out.iterdir()):
        try:
            found = json.loads(made.text(out / STAMP))
        except FileNotFoundError:
            message = f"{out} is not empty and was not made by gen; name another folder"
            raise UsageError(message) from None
        except (ValueError, RecursionError, made.Unreadable):
            found = None
        if found == identity:
            return
        made.remove(out)
    out.mkdir(parents=True, exist_ok=True)
    whole.write(out / STAMP, json.dumps(identity))


def _configure(
    source: Path,
    out: Path,
    args: Sequence[str],
    env: dict[str, str],
    room: Room,
    log: Path,
    options: Options,
) -> tuple[bool, tuple[str, ...]]:
    """Write .config, unless the one that is there came from this fragment and these Kconfigs.

    Returns whether it is another than before, and the wishes that did not come true.
    """
    text = options.config.read_text()
    digest = hashlib.sha256(text.encode()).hexdigest()
    mark, dotconfig = out / CONFIGURED, out / ".config"
    notes = _noted(mark, digest)
    if notes is not None and dotconfig.exists():
        since = mark.stat().st_mtime
        if all(path.stat().st_mtime < since for path in _kconfig_files(source, out)):
            return False, notes
    mark.unlink(missing_ok=True)
    before = made.text(dotconfig) if dotconfig.exists() else ""
    now = time.time()
    wants = config.parse_fragment(text)
    quiet = [*args, "-s"]
    strip = (f"{source}/",)
    make.run_make([*quiet, "tinyconfig"], log, env, room, what="tinyconfig", strip=strip)
    with dotconfig.open("a") as file:
        file.write(config.render_fragment(wants))
    make.run_make([*quiet, "olddefconfig"], log, env, room, what="the configuration", strip=strip)
    after = made.text(dotconfig)
    got = config.parse_config(after)
    unmet = config.unmet(wants, got, config.kconfig_symbols(source, options.arch.name))
    if unmet.lacks:
        asks = f"{options.config.parent.name}/{options.config.name}"
        raise ConfigRefused(f"{source} cannot be configured as {asks} asks", unmet.lacks)
    mark.write_text(json.dumps({"fragment": digest, "notes": unmet.notes}))
    # Not later than the Kconfig files were read: one that changes meanwhile is seen next time.
    make.set_mtime(mark, now)
    return before != after, unmet.notes


def _noted(mark: Path, digest: str) -> tuple[str, ...] | None:
    """What was noted when a fragment was configured; None where that one was not."""
    try:
        said = json.loads(made.text(mark))
        return tuple(said["notes"]) if said["fragment"] == digest else None
    except (OSError, ValueError, LookupError, TypeError, RecursionError, made.Unreadable):
        return None


def _kconfig_files(source: Path, out: Path) -> list[Path]:
    """The Kconfig files that the last configuration read."""
    listed = out / "include/config/auto.conf.cmd"
    if not listed.exists():
        return []
    words = made.text(listed).replace("\\\n", " ").partition("deps_config :=")[2]
    paths = (source / word for word in words.partition("\n")[0].split())
    return [path for path in paths if path.exists()]


def _expected(out: Path, typical: int, all_new: bool) -> int:
    return typical if all_new else stale_objects(out, typical)


def stale_objects(out: Path, typical: int) -> int:
    """About how many objects make will build in `out`: those older than a file they came from.

    Read from the .cmd files that kbuild keeps beside each object; `typical` is how many a build
    from nothing makes, trees differ by a tenth.  Only for showing progress.
    """
    times: dict[str, float] = {}

    def time_of(name: str) -> float:
        if name not in times:
            path = out / name
            times[name] = path.stat().st_mtime if path.exists() else 0.0
        return times[name]

    commands = list(out.rglob(".*.o.cmd"))
    if len(commands) < typical // 2:
        return typical - len(commands)
    stale = 0
    for command in commands:
        target = command.with_name(command.name[1:-4])
        if not target.exists():
            continue
        limit = target.stat().st_mtime
        words = made.text(command).partition("\nsource_")[2].split()
        stale += any(time_of(word) > limit for word in words if word[0] not in "$\\")
    return stale
