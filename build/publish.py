"""Write a bundle: model, sidecar and model card; only if its probe reproduces.

``python -m build.publish FOLDER --out models`` checks a trained bundle in FOLDER and installs it as the shipped one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from build.errors import PublishError, run_command
from build.report.model_card import CARD_TITLE, model_card
from edge.model.bundle import MODEL_FILE, SIDECAR_FILE, Bundle, load_bundle
from edge.model.classifier import Classifier
from edge.model.probe import RECIPE, probe_vector, run_probe
from edge.model.reference import REFERENCE_FILE
from edge.model.sidecar import FORMAT, ListenerUse, ModelUse, record_axes_to_json

if TYPE_CHECKING:
    from build.models.int8 import ListenerModel

CARD_FILE = "README.md"
#: The networks of a bundle by their files' names.
Networks = Mapping[str, bytes]

MODELS = Path(__file__).resolve().parents[1] / "models"


@dataclass(frozen=True, kw_only=True)
class Draft(ModelUse):
    """Converted networks with the metadata of their sidecar, before they are evaluated.

    ``listener_models`` are those of ``listeners``, in their order.
    """

    model: bytes
    training: dict[str, Any]
    listener_models: tuple[ListenerModel, ...] = ()

    def sidecar(self) -> dict[str, Any]:
        """Return the sidecar's JSON document, without metrics."""
        return {
            "format": FORMAT,
            "name": self.name,
            "labels": list(self.labels),
            "feature_spec": self.spec.to_dict(),
            "feature_spec_digest": self.spec.digest(),
            "feature_revision": self.spec.REVISION,
            "normalization": {"mean": _numbers(self.mean), "scale": _numbers(self.scale)},
            "temperature": round(self.temperature, 4),
            "model": {
                "file": MODEL_FILE,
                **_file(self.model),
                "quantization": "full integer, inputs and outputs included; the outputs are logits",
            },
            "listeners": [
                self._listener(number, use, model)
                for number, (use, model) in enumerate(zip(self.listeners, self.listener_models, strict=True))
            ],
            "genre_styles": self.genre_styles and {name: list(styles) for name, styles in self.genre_styles.items()},
            "training": self.training,
        }

    def _listener(self, number: int, use: ListenerUse, model: ListenerModel) -> dict[str, Any]:
        return {
            "name": use.name,
            "file": use.file,
            **_file(model.network),
            "quantization": model.quantization,
            "patch_spec": use.patch_spec.to_dict(),
            "patch_spec_digest": use.patch_spec.digest(),
            "outputs": [{"name": name, "size": size} for name, size in use.outputs],
            "statistics": list(use.statistics),
            "styles": list(use.styles),
            "record_axes": None if number else record_axes_to_json(self.record_axes),
            "origin": dict(model.origin),
        }

    @property
    def networks(self) -> Networks:
        """The networks' files by name."""
        listeners = zip(self.listeners, self.listener_models, strict=True)
        return {MODEL_FILE: self.model, **{use.file: model.network for use, model in listeners}}

    def open(self) -> Bundle:
        """Return the draft as the device would load it."""
        with tempfile.TemporaryDirectory() as folder:
            _write(Path(folder), self.networks, self.sidecar())
            return load_bundle(Path(folder), try_first=False)


def publish(draft: Draft, metrics: dict[str, Any], folder: Path) -> Bundle:
    """Write a draft with its metrics and a probe as a bundle into ``folder``, and return it as loaded from there."""
    sidecar = {**draft.sidecar(), "metrics": metrics, "probe": make_probe(draft.open())}
    return install(draft.networks, sidecar, folder)


def make_probe(bundle: Bundle) -> dict[str, Any]:
    """Return a probe: the recipe of a synthetic piece, with the vector and probabilities that this machine computes."""
    vector = probe_vector(RECIPE, bundle)
    probabilities = Classifier(bundle)(vector)
    return {"recipe": dict(RECIPE), "vector": _numbers(vector), "probabilities": _numbers(probabilities)}


def install(networks: Networks, sidecar: dict[str, Any], folder: Path) -> Bundle:
    """Check a bundle in a folder of its own, then put its files in place of those in ``folder``.

    ``BundleError`` if it cannot be loaded, ``PublishError`` if its probe does not reproduce, or if another page lies
    where its card would go.
    """
    require_no_other_page(folder)
    folder.mkdir(parents=True, exist_ok=True)
    before = _networks_before(folder)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".publish-") as staging:
        _write(Path(staging), networks, sidecar)
        result = run_probe(load_bundle(Path(staging), try_first=False))
        if not result.passed:
            raise PublishError(f"the bundle's probe does not reproduce: {result}; nothing was written")
        for name in (*networks, SIDECAR_FILE, CARD_FILE):
            Path(staging, name).replace(folder / name)
        for name in before - set(networks):
            (folder / name).unlink(missing_ok=True)
    return load_bundle(folder, try_first=False)


def _networks_before(folder: Path) -> set[str]:
    """Return the names of the networks of the bundle in a folder; none if it is not a current bundle."""
    try:
        return set(_network_files(json.loads((folder / SIDECAR_FILE).read_bytes())))
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def require_no_other_page(folder: Path) -> None:
    """Raise ``PublishError`` if a bundle's card would overwrite another page."""
    path = folder / CARD_FILE
    if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(CARD_TITLE):
        raise PublishError(f"{path} is no model card and would be overwritten; choose another folder (--out)")


def networks_in(folder: Path, sidecar: Mapping[str, Any]) -> Networks:
    """Return the files of the networks that a bundle's folder holds."""
    return {name: (folder / name).read_bytes() for name in _network_files(sidecar)}


def _network_files(sidecar: Mapping[str, Any]) -> list[str]:
    return [MODEL_FILE, *(f"{listener['name']}.tflite" for listener in sidecar["listeners"])]


def _file(network: bytes) -> dict[str, str | int]:
    return {"sha256": hashlib.sha256(network).hexdigest(), "bytes": len(network)}


def _write(folder: Path, networks: Networks, sidecar: dict[str, Any]) -> None:
    for name, network in networks.items():
        (folder / name).write_bytes(network)
    (folder / SIDECAR_FILE).write_text(json.dumps(sidecar, indent=1) + "\n", encoding="utf-8")
    if "metrics" in sidecar:
        (folder / CARD_FILE).write_text(model_card(sidecar), encoding="utf-8")


def _numbers(values: NDArray[np.float32]) -> list[float]:
    """Return floats with the fewest digits that read back as the same float32."""
    return [float(str(value)) for value in values]


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m build.publish", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a bundle that build.train wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder to install it in: models is the shipped one")
    arguments = parser.parse_args()

    def body() -> None:
        bundle = load_bundle(arguments.folder)
        install(networks_in(arguments.folder, bundle.sidecar), dict(bundle.sidecar), arguments.out)
        if (rows := arguments.folder / REFERENCE_FILE).exists() and arguments.out != arguments.folder:
            shutil.copyfile(rows, arguments.out / REFERENCE_FILE)
        print(f"{bundle.name} installed in {arguments.out}")

    return run_command(body, "build.publish")


if __name__ == "__main__":
    raise SystemExit(main())
