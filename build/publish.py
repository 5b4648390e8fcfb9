"""Write a bundle: model, sidecar and model card; never one that does not do what its sidecar says.

``python -m build.publish FOLDER --out models`` checks a trained bundle in FOLDER and installs it as the shipped one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from build.errors import PublishError, run_command
from build.report.model_card import model_card
from edge.model.bundle import FORMAT, MODEL_FILE, SIDECAR_FILE, Bundle, ModelUse, load_bundle
from edge.model.classifier import Classifier
from edge.model.probe import RECIPE, probe_vector, run_probe

CARD_FILE = "README.md"
MODELS = Path(__file__).resolve().parents[1] / "models"


@dataclass(frozen=True)
class Draft(ModelUse):
    """A converted model with all that its sidecar says of how to use it, before it is measured."""

    model: bytes
    training: dict[str, Any]

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
                "sha256": hashlib.sha256(self.model).hexdigest(),
                "bytes": len(self.model),
                "quantization": "int8, inputs and outputs included; the outputs are logits",
            },
            "training": self.training,
        }

    def open(self) -> Bundle:
        """Return the draft as the device would load it."""
        with tempfile.TemporaryDirectory() as folder:
            _write(Path(folder), self.model, self.sidecar())
            return load_bundle(Path(folder))


def publish(draft: Draft, metrics: dict[str, Any], folder: Path) -> Bundle:
    """Write a draft with its metrics and a probe as a bundle into ``folder``, and return it as loaded from there."""
    sidecar = {**draft.sidecar(), "metrics": metrics, "probe": make_probe(draft.open())}
    return install(draft.model, sidecar, folder)


def make_probe(bundle: Bundle) -> dict[str, Any]:
    """Return a probe: a synthetic piece's recipe with the vector and the probabilities that this machine computes."""
    vector = probe_vector(RECIPE, bundle.spec)
    probabilities = Classifier(bundle)(vector)
    return {"recipe": dict(RECIPE), "vector": _numbers(vector), "probabilities": _numbers(probabilities)}


def install(model: bytes, sidecar: dict[str, Any], folder: Path) -> Bundle:
    """Check a bundle in a folder of its own, then put its files in place of those in ``folder``.

    ``BundleError`` if it cannot be loaded, ``PublishError`` if its probe does not come out as it says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".publish-") as staging:
        _write(Path(staging), model, sidecar)
        result = run_probe(load_bundle(Path(staging)))
        if not result.passed:
            raise PublishError(f"the bundle's probe does not reproduce: {result}; nothing was written")
        for name in (MODEL_FILE, SIDECAR_FILE, CARD_FILE):
            Path(staging, name).replace(folder / name)
    return load_bundle(folder)


def _write(folder: Path, model: bytes, sidecar: dict[str, Any]) -> None:
    (folder / MODEL_FILE).write_bytes(model)
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
    parser.add_argument("--out", type=Path, default=MODELS, help="where it is installed (default: the shipped model)")
    arguments = parser.parse_args()

    def body() -> None:
        bundle = load_bundle(arguments.folder)
        install((arguments.folder / MODEL_FILE).read_bytes(), dict(bundle.sidecar), arguments.out)
        print(f"{bundle.name} installed in {arguments.out}")

    return run_command(body, "build.publish")


if __name__ == "__main__":
    raise SystemExit(main())
