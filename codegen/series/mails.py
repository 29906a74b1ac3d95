# SPDX-License-Identifier: GPL-2.0-only
"""Commits as mails: `git format-patch`, with a cover letter that says where the series is from."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codegen.base.errors import EnvironmentFailure
from codegen.plan.templates import Renderer
from codegen.series.commit import MAIL, NAME, Commits, Signer
from codegen.series.recipients import Recipients
from codegen.tree.git import git_environment
from codegen.tree.scratch import scratch_folder

_BRANCH = "series"


def format_mails(
    commits: Commits,
    cover: str,
    to: Recipients,
    *,
    rfc: bool,
    with_base: bool,
    signer: Signer | None = None,
) -> Mapping[str, bytes]:
    """The files of the series by name, the cover letter first.

    `cover` is its subject, a blank line and its text.  The same commits give the same bytes:
    the environment gives identity and date, and no configuration is read.  Raises
    EnvironmentFailure where git fails.
    """
    who = signer or Signer(NAME, MAIL)
    ref = commits.git_dir / "refs/heads" / _BRANCH
    ref.write_text(f"{commits.tip}\n")
    more = {
        "GIT_COMMITTER_NAME": who.name,
        "GIT_COMMITTER_EMAIL": who.mail,
        "GIT_COMMITTER_DATE": f"{commits.date} +0000",
    }
    with scratch_folder() as folder:
        command = ["git", f"--git-dir={commits.git_dir}", "format-patch", "-q", "-o", folder]
        command += ["--cover-letter", "--cover-from-description=subject", "--no-signature"]
        command += ["--abbrev=12", "--no-ext-diff", "--no-textconv", "--no-color", "--no-notes"]
        command += [f"--subject-prefix={'RFC PATCH' if rfc else 'PATCH'}"]
        command += [f"--base={commits.base}"] if with_base else []
        command += [f"--to={who}" for who in to.to] + [f"--cc={who}" for who in to.cc]
        command += [f"{commits.base}..{_BRANCH}"]
        done = subprocess.run(
            command,
            env=git_environment({f"branch.{_BRANCH}.description": cover}, **more),
            capture_output=True,
            check=False,
        )
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip()
            raise EnvironmentFailure(f"git format-patch failed: {said}")
        return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def cover_letter(renderer: Renderer, **more: Any) -> str:
    """The cover letter's subject, a blank line and its text."""
    return renderer.render("common/cover", **more).strip() + "\n"
