"""A build hook: the list of components that a release makes goes into the wheel, where PEP 770 wants it.

The list (sbom/physiocam.cdx.json) is made by cyclonedx-py in .github/workflows/release.yml. Where there is none, as in
a checkout, the wheel is built without it.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SBOM = "sbom/physiocam.cdx.json"


class SbomHook(BuildHookInterface[Any]):
    """Puts the list of components into `*.dist-info/sboms`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Name the list to the builder, if it is there."""
        if (Path(self.root) / SBOM).is_file():
            build_data["sbom_files"].append(SBOM)
