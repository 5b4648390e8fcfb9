"""The model card: a bundle's sidecar as a page for people.

Its figures are the sidecar's; the explanations, and what was tried on the way (``findings.md``), are written by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

#: What every card begins with: how a page of ours is known from one of somebody else's.
CARD_TITLE = "# Model card: "

_CARD = """\
# Model card: {name}

Says which of {n_labels} classes what it hears belongs to: {labels}. A full-integer int8 TFLite model of
{bytes:,} bytes; its input is a vector of {n_features} features ({groups}) of the last {window_s:g} s of audio at
{sample_rate:,} Hz, computed by `features_np`; its output is one logit a class. `genres.json` says everything
needed to use it. This page is generated from that file by `python -m build.train`.

## How right it is

Measured on the int8 model, through the classifier that runs on the device.

| what | figure | measured on |
|---|---|---|
{figures}

{how_chosen}

| genre | tracks | precision | recall | F1 |
|---|---|---|---|---|
{genres}

## What it gets wrong

The commonest confusions on the same tracks:

{confusions}

## How it was made

{training}

{findings}## Intended use, and what it is not for

For a device that shows what kind of music plays in a room, and for learning how such a thing is made. Genres are
opinions: people agree on them only so far, and the ten here are those of a dataset of the year 2002. It is not
fit for deciding about money, people or rights, and it knows no genre but its own: whatever else plays is given the
most similar of them.

## Data and its licence

GTZAN (Tzanetakis and Cook 2002) is commercial music with no licence to redistribute. No audio and no feature table of
it is part of this project: only a model fitted to features of it. The model itself is under the MIT licence
like the rest of the project.
"""


def model_card(sidecar: dict[str, Any]) -> str:
    """Return the card of a sidecar with ``metrics`` and ``training`` as Markdown."""
    spec, metrics, training = sidecar["feature_spec"], sidecar["metrics"], sidecar["training"]
    valid = metrics["valid"]
    return _CARD.format(
        name=sidecar["name"],
        n_labels=len(sidecar["labels"]),
        labels=", ".join(sidecar["labels"]).replace("_", " "),
        bytes=sidecar["model"]["bytes"],
        n_features=len(sidecar["normalization"]["mean"]),
        groups=", ".join(group.replace("_", " ") for group in spec["groups"]),
        window_s=spec["window_s"],
        sample_rate=spec["sample_rate"],
        figures=_lines(_figures(metrics)),
        how_chosen=training["how_chosen"],
        genres=_lines(_genre_row(label, row) for label, row in valid["labels"].items() if row["n"]),
        confusions=_lines(_confusions(sidecar["labels"], valid["confusion"])),
        findings=f"## What was tried\n\n{training['findings']}\n" if "findings" in training else "",
        training=_lines(f"- {key.replace('_', ' ')}: {value}" for key, value in training["facts"].items()),
    )


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def with_interval(figure: dict[str, Any]) -> str:
    """Return a sidecar's figure in words: its value and its interval."""
    low, high = figure["interval_95"]
    return f"{figure['value']:.1%}, 95 % interval {low:.1%} to {high:.1%}"


def _figures(metrics: dict[str, Any]) -> Iterable[str]:
    valid, int8 = metrics["valid"], metrics["int8"]
    accuracy = valid["accuracy"]
    place = f"valid, n = {accuracy['n']}; {accuracy['split']}"
    yield f"| accuracy | {with_interval(accuracy)} | {place} |"
    if test := metrics.get("test", {}).get("accuracy"):
        yield f"| accuracy on tracks kept apart | {with_interval(test)} | n = {test['n']}; {test['split']} |"
    yield f"| macro F1 | {valid['macro_f1']:.3f} | {place} |"
    yield f"| expected calibration error | {valid['calibration_error']:.3f} | {place} |"
    yield f"| float network's accuracy | {int8['float_accuracy']:.1%} | {place} |"
    yield f"| int8 gives the float network's answer | {int8['same_answer']:.1%} | {place} |"
    for name, what in (("caught", "no music is shown as such"), ("music_lost", "music is taken for none")):
        if figure := metrics.get("no_music", {}).get(name):
            yield f"| {what} | {with_interval(figure)} | n = {figure['n']}; {figure['split']} |"
    for name, value in metrics["candidates"].items():
        yield f"| candidate {name}: accuracy | {value:.1%} | {place} |"


def _genre_row(label: str, row: dict[str, Any]) -> str:
    return f"| {label} | {row['n']} | {row['precision']:.2f} | {row['recall']:.2f} | {row['f1']:.2f} |"


def _confusions(labels: list[str], counts: list[list[int]], n_shown: int = 6) -> Iterable[str]:
    pairs = [
        (count, truth, answer)
        for truth, row in zip(labels, counts, strict=True)
        for answer, count in zip(labels, row, strict=True)
        if truth != answer and count
    ]
    for count, truth, answer in sorted(pairs, key=lambda pair: -pair[0])[:n_shown]:
        of = sum(counts[labels.index(truth)])
        yield f"- {truth} taken for {answer}: {count} of {of} tracks"
