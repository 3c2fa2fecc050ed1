"""An image of one static program, as an archive that containerd imports: no engine is needed to make it.

<https://github.com/opencontainers/image-spec/blob/main/image-layout.md>
"""

import hashlib
import io
import json
import tarfile
from pathlib import Path

VENDOR = "application/vnd.oci.image"


def write(archive: Path, name: str, program: Path) -> None:
    """Makes the image `name` whose entry point is this program."""
    layer = tar([(program.name, program.read_bytes(), 0o755)])
    entry = {"Entrypoint": [f"/{program.name}"]}
    about = {"architecture": "amd64", "os": "linux", "config": entry, "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}}
    config = json.dumps(about).encode()
    described = {"config": part(f"{VENDOR}.config.v1+json", config), "layers": [part(f"{VENDOR}.layer.v1.tar", layer)]}
    manifest = json.dumps({"schemaVersion": 2, "mediaType": f"{VENDOR}.manifest.v1+json"} | described).encode()
    listed = part(f"{VENDOR}.manifest.v1+json", manifest) | {"annotations": {"io.containerd.image.name": name}}
    index = json.dumps({"schemaVersion": 2, "manifests": [listed]}).encode()
    layout = json.dumps({"imageLayoutVersion": "1.0.0"}).encode()
    blobs = [("blobs/sha256/" + digest(blob).removeprefix("sha256:"), blob, 0o644) for blob in (layer, config, manifest)]
    archive.write_bytes(tar([("oci-layout", layout, 0o644), ("index.json", index, 0o644), *blobs]))


def part(kind: str, blob: bytes) -> dict:
    """How one blob names another."""
    return {"mediaType": kind, "digest": digest(blob), "size": len(blob)}


def digest(blob: bytes) -> str:
    """Its name."""
    return "sha256:" + hashlib.sha256(blob).hexdigest()


def tar(files: list[tuple[str, bytes, int]]) -> bytes:
    """An archive of files with their modes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content, mode in files:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), mode
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()
