# SPDX-License-Identifier: GPL-2.0-only
"""What pyproject.toml cannot say: the packages are found, and two folders lie beside them."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["codegen", "codegen.*"]), "codegen.templates", "codegen.abi"]
)
