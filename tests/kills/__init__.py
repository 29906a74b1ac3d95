# SPDX-License-Identifier: GPL-2.0-only
"""gen is killed at random moments; what it leaves is looked at."""
