# SPDX-License-Identifier: GPL-2.0-only
"""A matrix for the CI of others: its jobs as files, and a pipeline of GitLab's or a workflow of
GitHub's that has each of them run, tried again where a machine could not, and never else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from codegen.matrix.drive import ATTEMPTS
from codegen.matrix.plan import Planned

# The exit status of what a machine could not do; failures have another.
_INFRA = 2
_MOST = 256  # jobs of one matrix of GitHub's ("Usage limits" of GitHub Actions)
_HEAD = (
    "# SPDX-License-Identifier: GPL-2.0-only\n# Made by `gen matrix --export`, as the jobs are.\n"
)
_RUN = "${GEN:-./gen} job run"
_AGAIN = f"""\
status={_INFRA} tries={ATTEMPTS}
while [ $status = {_INFRA} ] && [ $tries -gt 0 ]; do
  status=0 tries=$((tries - 1))
  {_RUN} "$JOB" || status=$?
done
exit $status
"""


@dataclass(frozen=True)
class _Export:
    """A cell: how it is called there, its file, and how long it may take."""

    name: str
    file: str
    limit: int


def files(planned: Sequence[Planned], name: str, form: str, folder: str) -> Mapping[str, str]:
    """What is to be written below a folder, by its path there: the pipeline, and each job.

    Cells that are one job are one there as well.  `folder` is how the CI calls the folder.
    """
    jobs: dict[str, str] = {}
    cells: dict[str, _Export] = {}
    for each in planned:
        if each.job and each.key not in cells:
            path = f"jobs/{each.key[:16]}.json"
            jobs[path] = each.job.text()
            cells[each.key] = _Export(each.cell.name[:250], f"{folder}/{path}", each.job.limit)
    file, made = FORMS[form]
    text = yaml.safe_dump(made(list(cells.values()), name), sort_keys=False, width=100)
    return {file: _HEAD + text, **jobs}


def _gitlab(cells: Sequence[_Export], name: str) -> Mapping[str, Any]:
    """A child pipeline (docs.gitlab.com, "Downstream pipelines"): the job `gen-matrix` of its
    parent has written it, with the jobs as artifacts."""
    trouble = ["runner_system_failure", "stuck_or_timeout_failure", "scheduler_failure"]
    retry = {"max": ATTEMPTS - 1, "when": trouble, "exit_codes": [_INFRA]}
    jobs = {
        each.name: {
            "stage": "matrix",
            "needs": [{"pipeline": "$PARENT_PIPELINE_ID", "job": "gen-matrix"}],
            "variables": {"JOB": each.file},
            "script": [f'{_RUN} "$JOB"'],
            "timeout": f"{each.limit} seconds",
        }
        for each in cells
    }
    return {"stages": ["matrix"], "default": {"interruptible": True, "retry": retry}, **jobs}


def _github(cells: Sequence[_Export], name: str) -> Mapping[str, Any]:
    """A workflow (docs.github.com, "Workflow syntax"); the jobs lie in the repository."""
    parts = [cells[at : at + _MOST] for at in range(0, len(cells), _MOST)]
    jobs = {
        f"cells-{number}": {
            "name": "${{ matrix.cell }}",
            "runs-on": "ubuntu-latest",
            "timeout-minutes": -(-max(each.limit for each in part) // 60),
            "strategy": {
                "fail-fast": False,
                "matrix": {"include": [{"cell": e.name, "job": e.file} for e in part]},
            },
            "steps": [
                {"uses": "actions/checkout@v4"},
                # by a variable: a name is no part of a script
                {"name": "gen job run", "env": {"JOB": "${{ matrix.job }}"}, "run": _AGAIN},
            ],
        }
        for number, part in enumerate(parts, 1)
    }
    asked: Mapping[str, Any] = {"workflow_dispatch": {}, "workflow_call": {}}
    return {
        "name": f"gen matrix {name}",
        "on": asked,
        "permissions": {"contents": "read"},
        "jobs": jobs,
    }


FORMS: Mapping[str, tuple[str, Callable[[Sequence[_Export], str], Mapping[str, Any]]]] = {
    "gitlab": ("pipeline.yml", _gitlab),
    "github": ("workflow.yml", _github),
}
