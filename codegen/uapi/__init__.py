# SPDX-License-Identifier: GPL-2.0-only
"""KVM's uAPI as userspace sees it: read from a tree's headers, and two of them compared."""
