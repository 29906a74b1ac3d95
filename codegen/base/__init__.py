# SPDX-License-Identifier: GPL-2.0-only
"""What all rooms use and what knows nothing of kernels: errors, findings, files, progress."""
