# SPDX-License-Identifier: GPL-2.0-only
"""What was found out once, by the whole of the question: answers, series, verdicts, measures."""
