# SPDX-License-Identifier: GPL-2.0-only
"""Build a kernel commit with its KVM selftests, boot it in QEMU and judge what it did."""
