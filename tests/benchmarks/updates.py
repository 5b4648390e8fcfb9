"""``updates.py MODEL N``: N updates of a window of 30 s, one second of new audio each; ``instructions`` counts them."""

from __future__ import annotations

import sys

from edge.audio.demo import synthesize
from edge.model.bundle import load_bundle
from edge.model.classifier import Classifier
from edge.model.head_input import HeadInputStream

PIECE_S = 10


def main() -> None:
    """Update so many times, after the window has been filled."""
    model, updates = sys.argv[1], int(sys.argv[2])
    bundle = load_bundle(None if model == "listener" else model)
    piece, rate = synthesize(PIECE_S, sample_rate=bundle.spec.sample_rate), bundle.spec.sample_rate
    stream, classify = HeadInputStream(bundle), Classifier(bundle)
    for _ in range(3):
        stream.push(piece)
        classify(stream.vector())
    for number in range(updates):
        start = number % (PIECE_S - 1) * rate
        stream.push(piece[start : start + rate])
        classify(stream.vector())


if __name__ == "__main__":
    main()
