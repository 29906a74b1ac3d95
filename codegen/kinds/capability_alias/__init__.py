# SPDX-License-Identifier: GPL-2.0-only
"""A second name for a capability of VMs that is there; `templates/capability-alias/` says all but
where the labels and the title are."""
