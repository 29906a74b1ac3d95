# SPDX-License-Identifier: GPL-2.0-only
"""Where the capabilities of VMs are documented."""

from __future__ import annotations

from codegen.kernel.survey import Survey
from codegen.sites.place import Place
from codegen.sites.registry import site
from codegen.sites.rst import new_section


@site("api-vm-capability")
def api_vm_capability(survey: Survey) -> Place:
    """A new last section of the chapter on capabilities that are enabled for VMs."""
    return new_section(survey, "api-vm-capability", "Capabilities that can be enabled on VMs")
