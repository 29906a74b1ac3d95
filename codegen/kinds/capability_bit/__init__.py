# SPDX-License-Identifier: GPL-2.0-only
"""A further bit of a capability that is enabled for VMs and takes a mask in args[0]."""
