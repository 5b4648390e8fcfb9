"""Runs on every machine, with nothing but livegenre there: what it makes of given signals, patches and vectors.

``python answers.py INPUTS.npz ANSWERS.npz``. What goes in is made once and is the same to the last bit everywhere, so
that what comes out tells how features and networks round, each by itself.
"""

from __future__ import annotations

import sys

import numpy as np

import features_np as fx
from edge.diagnostics.selftest import PARITY_TOLERANCES
from edge.model.bundle import load_bundle
from edge.model.classifier import Classifier
from edge.model.head_input import head_input
from features_np.front_end import PatchSpec
from features_np.patches import log_mel_patches

#: The shipped models, by the names that the answers have.
MODELS = {"listener": None, "classic": "classic"}


def main() -> None:
    """Answer every input whose name says what it is."""
    inputs = np.load(sys.argv[1])
    answers = {}
    for name in inputs:
        kind, _, rest = name.partition("/")
        if kind == "signal":
            answers[f"features/{rest}"] = fx.summarize(inputs[name], fx.FeatureSpec(groups=tuple(PARITY_TOLERANCES)))
            answers[f"tuning/{rest}"] = np.float32(fx.estimate_tuning(y=inputs[name]))
        elif kind == "patches":
            answers[name] = log_mel_patches(inputs[name], PatchSpec(patch_hop=96))
    for model, folder in MODELS.items():
        bundle = load_bundle(folder)
        for network in bundle.networks:
            rows = network.interpreter.run(inputs[f"quantized/{network.use.name}"])
            for number, (output, _) in enumerate(network.use.outputs):
                answers[f"network/{network.use.name} {output}"] = rows[number]
        steps = inputs[f"quantized/{model}_head"]
        answers[f"network/{model}_head"] = np.concatenate([bundle.interpreter.run(row[np.newaxis])[0] for row in steps])
        for name in inputs:
            if name.startswith("piece/"):
                piece = name.removeprefix("piece/")
                vector = head_input(inputs[name], bundle)
                answers[f"vector/{model}/{piece}"] = (vector - bundle.mean) / bundle.scale
                answers[f"probabilities/{model}/{piece}"] = Classifier(bundle)(vector)
        answers[f"runtime/{model}"] = np.array(bundle.interpreter.runtime)
    np.savez(sys.argv[2], **answers)


if __name__ == "__main__":
    main()
