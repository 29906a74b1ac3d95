# SPDX-License-Identifier: GPL-2.0-only
"""An attribute of /dev/kvm; `templates/system-attribute/` says all but where it is defined."""
