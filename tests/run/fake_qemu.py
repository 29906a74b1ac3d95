# SPDX-License-Identifier: GPL-2.0-only
"""A program in QEMU's place, for the cases in which QEMU or the guest do not do their work."""

from pathlib import Path

HEAD = """\
#!/bin/sh
# $console and $output are where the guest's two ports go, $n counts the boots by their folders.
for word; do
    case $word in
    file,id=console,path=*) console=${word#*path=} ;;
    file,id=report,path=*) output=${word#*path=} ;;
    esac
done
folder=${console%/*}
case $folder in
*/boot[0-9]*) n=$((${folder##*boot} + 1)) ;;
*) n=1 ;;
esac
say() { printf '%s\\n' "$@" >>"$output"; }
log() { printf '[    0.1] %s\\n' "$@" >>"$console"; }
begin() { log "gen: begin $1"; say "@gen begin $1"; }
end() { log "gen: end $1"; say "@gen end $1 $2 $3 10"; }
: >"$console"
: >"$output"
"""
GUEST = 'say "@gen guest kvm=1 svm=1"\n'


def fake_qemu(folder: Path, script: str) -> str:
    """Write the program; `script` is what it does after HEAD.  Returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "qemu"
    path.write_text(HEAD + script)
    path.chmod(0o755)
    return str(path)


def boots(folder: Path) -> int:
    """How often it was started in a folder."""
    return len(list(folder.glob("boot*")))
