# SPDX-License-Identifier: GPL-2.0-only
"""A further bit of a mask that an ioctl takes in its struct, where KVM refuses unknown bits."""
