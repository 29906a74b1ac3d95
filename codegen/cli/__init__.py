# SPDX-License-Identifier: GPL-2.0-only
"""The command line: arguments in, one call, what it returned printed; nothing else."""
