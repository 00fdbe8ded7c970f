"""The list of available bundles."""

from dataclasses import dataclass

from physiocam.errors import BundleError
from physiocam.weights.bundle import bundle_folders, load_bundle


@dataclass(frozen=True)
class CatalogueEntry:
    """One bundle, complete or damaged.

    Attributes
    ----------
    name : str
    tasks : tuple of str
    networks : int
    megabytes : float
        Size on disk.
    note : str
        Its description, or what is wrong with it.
    """

    name: str
    tasks: tuple[str, ...]
    networks: int
    megabytes: float
    note: str

    def row(self) -> tuple[str, str, str, str, str]:
        """Return the entry as the columns of a table."""
        return self.name, " ".join(self.tasks), str(self.networks), f"{self.megabytes:.1f} MB", self.note


def list_bundles() -> list[CatalogueEntry]:
    """List every bundle that can be named; a damaged one is listed with the reason."""
    entries = []
    for name, folder in bundle_folders().items():
        megabytes = sum(path.stat().st_size for path in folder.glob("*") if path.is_file()) / 1e6
        try:
            bundle = load_bundle(folder)
        except BundleError as error:
            entries.append(CatalogueEntry(name, (), 0, megabytes, f"damaged: {error}"))
        else:
            networks = len(bundle.info.entries)
            entries.append(CatalogueEntry(name, bundle.tasks, networks, megabytes, bundle.info.description))
    return entries
