# SPDX-License-Identifier: GPL-2.0-only
"""Findings as the programs of others read them: GitHub's annotations, and SARIF."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codegen import __version__
from codegen.check.registry import CHECKS
from codegen.check.remark import Remark
from codegen.check.run import Checked


def place(remark: Remark, series: Path | None) -> str:
    """The file that a remark is about, as a path from where gen was called."""
    if series is None:
        return remark.patch
    return str(series / remark.patch) if series.is_dir() and remark.patch else str(series)


def github(found: Checked, series: Path | None) -> str:
    """Workflow commands, a line each (GitHub's documentation, "Workflow commands")."""
    return "\n".join(_command(remark, place(remark, series)) for remark in found.remarks)


def _command(remark: Remark, path: str) -> str:
    kind = "notice" if remark.note else "error"
    values = {"file": path, "line": str(remark.line or 1) if path else "", "title": remark.rule}
    keys = ",".join(f"{key}={_property(value)}" for key, value in values.items() if value)
    text = "\n".join(part for part in (remark.message, remark.hint, remark.reason) if part)
    return f"::{kind} {keys}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def sarif(found: Checked, series: Path | None) -> Mapping[str, Any]:
    """One run in the Static Analysis Results Interchange Format (OASIS, version 2.1.0)."""
    rules = [
        {"id": c.name, "shortDescription": {"text": c.why}, "help": {"text": c.document}}
        for c in CHECKS
        if c.name in found.checks
    ]
    driver = {"name": "gen", "version": __version__, "rules": rules}
    results = [_result(remark, place(remark, series)) for remark in found.remarks]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }


def _result(remark: Remark, path: str) -> dict[str, Any]:
    text = "\n".join(part for part in (remark.message, remark.hint) if part)
    level = "note" if remark.note else "error"
    made: dict[str, Any] = {"ruleId": remark.rule, "level": level, "message": {"text": text}}
    if path:
        where: dict[str, Any] = {"artifactLocation": {"uri": path}}
        where |= {"region": {"startLine": remark.line}} if remark.line else {}
        made["locations"] = [{"physicalLocation": where}]
    return made
