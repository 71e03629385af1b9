"""The root distribution has no code of its own: it depends on every member by its place on disk."""

from pathlib import Path
from tomllib import loads

from hatchling.metadata.plugin.interface import MetadataHookInterface


class Members(MetadataHookInterface):
    """Fill in `dependencies` with one file reference for each library and service."""

    def update(self, metadata: dict[str, object]) -> None:
        files = sorted(f for d in ("libs", "services") for f in Path(self.root).glob(f"{d}/*/pyproject.toml"))
        names = [loads(f.read_text())["project"]["name"] for f in files]
        metadata["dependencies"] = [f"{n} @ {f.parent.as_uri()}" for n, f in zip(names, files, strict=True)]
