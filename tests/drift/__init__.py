# SPDX-License-Identifier: GPL-2.0-only
"""Trees as they drift: what kernel developers refactor between releases, and what gen makes of it.

A drift changes a tree, the small one or a real one, and keeps its behaviour.  Each is tried with
each knob and variant that it concerns, and `judge` says whether the series is right, an honest
refusal, one that misleads, or silently wrong.

    python -m tests.drift [--tree minitree|debian:6.12|FOLDER] [--only NAME]
"""
