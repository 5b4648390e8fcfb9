"""The model card: a bundle's sidecar as a page for people.

The figures come from the sidecar; the explanations, and the diary that it names, are written by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from build.report.listening_tables import more_tables, table_cell
from features_np.front_end import PatchSpec

#: Beginning of every card, which distinguishes it from other pages.
CARD_TITLE = "# Model card: "

_CARD = """\
# Model card: {name}

Says which of {n_labels} classes what it hears belongs to: {labels}. {networks} `genres.json` says everything
needed to use it. This page is generated from that file when the model is trained.

## How right it is

Measured on the integer model, through the classifier that runs on the device. Intervals are 95 %, over artists where
they are known; `genres.json` has those that are left out here.

| what | figure | measured on |
|---|---|---|
{figures}

{how_chosen}

| genre | tracks | precision | recall | F1 |
|---|---|---|---|---|
{genres}

The commonest confusions: {confusions}.

{more}## How it was made

{training}

{diary}## Intended use, and what it is not for

For a device that shows what kind of music plays in a room, and for learning how such a thing is made. Genres are
opinions: people agree on them only so far{whose}. It is not
fit for deciding about money, people or rights, and it knows no genre but its own: whatever else plays is given the
most similar of them.

## Data and its licence

{data}
"""

_DIARY = "What was tried on the way, with every figure, is in `{diary}` of the source.\n\n"

_ONE_NETWORK = """\
A full-integer int8 TFLite model of
{bytes:,} bytes; its input is a vector of {n_features} features ({groups}) of the last {window_s:g} s of audio at
{sample_rate:,} Hz, computed by `features_np`; its output is one logit a class."""

_FULL_INTEGER = "full integer"

#: Networks by how many listeners a model has.
_NUMBERS = ("One", "Two", "Three", "Four", "Five")

_NETWORKS = """\
{quantized}. {listeners}; the
head, {bytes:,} bytes, hears the {statistics} of what {they_say} of the last {window_s:g} s, beside the features
{groups}: {n_features} numbers together. The {first} names {n_styles} styles, too."""

_LISTENER = "The {name}, {bytes:,} bytes, describes each patch of {patch_s:g} s, a patch every {hop_s:g} s"

_DATA = """\
GTZAN (Tzanetakis and Cook 2002) is commercial music with no licence to redistribute. No audio of it is part of this
project: only models fitted to features of it, and, for models of other records, statistics of some of its tracks
(`training_rows.npz`), from which no sound can be made. The model itself is under the MIT licence like the rest of the
project."""

_DATA_OF_A_LISTENER = """\
GTZAN (Tzanetakis and Cook 2002) and the songs that people know are commercial music with no licence to redistribute;
Emotify's music (Aljanabi, Wiering and Veltkamp 2016, of the Magnatune label) is under CC BY-NC-SA 3.0; speech is
LibriSpeech's (CC BY 4.0), noises are ESC-10's (CC BY 3.0, K. J. Piczak). No audio of any is part of this project: only
networks fitted to them, and, for models of other records, statistics of some recordings (`training_rows.npz`), of which
no sound can be made. The head is under the MIT licence like the rest of the project.

"""
_DATA_OF_OTHERS = """\
The recordings are those of whoever trained this model. No audio of them is part of it, only numbers of a few
(`reference_rows.npz`), of which no sound can be made. What is no music, and other music, it knows from rows that ship
with livegenre.

"""
#: A genre with fewer tracks is named beside the mean over genres, in which it weighs as much as any other.
FEW_TRACKS = 10
_WHOSE = ", and the ten here are those of a dataset of the year 2002"
_ORIGIN = "The {name} began as {network}, published as {published}, under {licence}; it was {changes}."
_NOTICE = " The\nfile `NOTICE` says so wherever it goes."


def model_card(sidecar: dict[str, Any]) -> str:
    """Return the card of a sidecar with ``metrics`` and ``training`` as Markdown."""
    spec, metrics, training = sidecar["feature_spec"], sidecar["metrics"], sidecar["training"]
    valid, listeners = metrics["valid"], sidecar["listeners"]
    ours = "edition" in training  # of the data beside the project
    facts = {
        "bytes": sidecar["model"]["bytes"],
        "n_features": len(sidecar["normalization"]["mean"]),
        "groups": ", ".join(group.replace("_", " ") for group in spec["groups"]),
        "window_s": spec["window_s"],
        "sample_rate": spec["sample_rate"],
    }
    return _CARD.format(
        name=sidecar["name"],
        n_labels=len(sidecar["labels"]),
        labels=", ".join(sidecar["labels"]).replace("_", " "),
        networks=_networks(listeners, facts),
        whose=_WHOSE if ours else "",
        data=_data(listeners, ours=ours),
        more="".join(f"{line}\n" for line in more_tables(metrics)),
        figures=_lines(_figures(metrics)),
        how_chosen=training["how_chosen"],
        genres=_lines(_genre_row(label, row) for label, row in valid["labels"].items() if row["n"]),
        confusions="; ".join(_confusions(sidecar["labels"], valid["confusion"])),
        diary=_DIARY.format(diary=training["diary"]) if "diary" in training else "",
        training=_lines(f"- {key.replace('_', ' ')}: {value}" for key, value in training["facts"].items()),
    )


def _data(listeners: Sequence[dict[str, Any]], *, ours: bool) -> str:
    """Return the section on the data and the listeners' origins."""
    own = (_DATA_OF_A_LISTENER if listeners else _DATA) if ours else _DATA_OF_OTHERS
    return own + "\n".join(map(_origin, listeners)) + _NOTICE if listeners else own.rstrip()


def _networks(listeners: Sequence[dict[str, Any]], facts: dict[str, Any]) -> str:
    if not listeners:
        return _ONE_NETWORK.format(**facts)
    statistics = dict.fromkeys(name for listener in listeners for name in listener["statistics"])
    return _NETWORKS.format(
        **facts,
        quantized=_quantized(listeners),
        listeners=". ".join(map(_listener, listeners)),
        statistics=" and ".join(statistics),
        they_say="it says" if len(listeners) == 1 else "they say",
        first=listeners[0]["name"],
        n_styles=len(listeners[0]["styles"]),
    )


def _listener(listener: dict[str, Any]) -> str:
    patch = PatchSpec.from_dict(listener["patch_spec"])
    patch_s, hop_s = patch.n_frames * patch.hop_length / patch.sample_rate, patch.hop_s
    return _LISTENER.format(name=listener["name"], bytes=listener["bytes"], patch_s=patch_s, hop_s=hop_s)


def _origin(listener: dict[str, Any]) -> str:
    return _ORIGIN.format(name=listener["name"], **listener["origin"])


def _quantized(listeners: Sequence[dict[str, Any]]) -> str:
    number = _NUMBERS[len(listeners)]
    others = {
        listener["name"]: listener["quantization"]
        for listener in listeners
        if not listener.get("quantization", _FULL_INTEGER).startswith(_FULL_INTEGER)
    }
    if not others:
        return f"{number} full-integer TFLite\nnetworks"
    differing = ", ".join(f"the {name} {quantization}" for name, quantization in others.items())
    return f"{number} TFLite\nnetworks, the head full integer, {differing}"


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def with_interval(figure: dict[str, Any]) -> str:
    """Return a sidecar's figure in words: its value and its interval."""
    low, high = figure["interval_95"]
    return f"{figure['value']:.1%}, 95 % interval {low:.1%} to {high:.1%}"


def _figures(metrics: dict[str, Any]) -> Iterable[str]:
    valid, int8 = metrics["valid"], metrics["int8"]
    accuracy = valid["accuracy"]
    place = f"valid, n = {accuracy['n']}; {table_cell(accuracy['split'])}"
    yield f"| accuracy | {with_interval(accuracy)} | {place} |"
    yield f"| balanced over genres | {with_interval(valid['balanced'])} | the same; {_smallest(valid['labels'])} |"
    yield f"| macro F1 | {valid['macro_f1']:.3f} | the same |"
    yield f"| expected calibration error | {valid['calibration_error']:.3f}{_by_chance(valid)} | the same |"
    yield f"| int8 gives the float network's answer | {int8['same_answer']:.1%} | the same |"
    if test := metrics.get("test", {}).get("accuracy"):
        yield _row("accuracy on tracks kept apart", test)
    if microphone := metrics.get("microphone"):
        yield _row("accuracy through simulated microphones", microphone["accuracy"])
        yield _row("what they cost", microphone["drop"])
    names = {
        "caught": "no music is shown as such",
        "caught apart": "the same, of recordings kept apart",
        "music_lost": "music is taken for none",
    }
    for name, figure in metrics.get("no_music", {}).items():
        what, comma, where = name.partition(",")
        yield _row(names.get(what, what) + comma + where, figure)
    for name, figure in metrics["candidates"].items():
        if isinstance(figure, dict):
            yield _row(f"recipe {name}: accuracy", figure)
        else:  # of models published before 0.3, which were chosen on the tracks that judged them
            yield f"| candidate {name}: accuracy | {figure:.1%} | {place} |"


def _by_chance(valid: dict[str, Any]) -> str:
    """Return the calibration error that perfectly calibrated confidences would show on so few tracks."""
    value = valid.get("calibration_error_by_chance")
    return f" ({value:.3f} if every confidence were exactly right)" if value else ""


def _smallest(labels: Mapping[str, Mapping[str, Any]]) -> str:
    """Return in words the smallest numbers of tracks behind a mean over genres."""
    counts = {table_cell(label): row["n"] for label, row in labels.items() if row["n"]}
    few = {label: n for label, n in counts.items() if n < FEW_TRACKS}
    if few:
        of = ", ".join(f"{label} {n}" for label, n in few.items())
        return f"for {len(few)} of {len(counts)} genres it rests on {sum(few.values())} tracks: {of}"
    least, most = min(counts.values()), max(counts.values())
    return f"{least} of each" if least == most else f"{least} to {most} tracks a genre"


def _row(what: str, figure: dict[str, Any]) -> str:
    return f"| {table_cell(what)} | {with_interval(figure)} | n = {figure['n']}; {table_cell(figure['split'])} |"


def _genre_row(label: str, row: dict[str, Any]) -> str:
    return f"| {table_cell(label)} | {row['n']} | {row['precision']:.2f} | {row['recall']:.2f} | {row['f1']:.2f} |"


def _confusions(labels: list[str], counts: list[list[int]], n_shown: int = 6) -> Iterable[str]:
    pairs = [
        (count, truth, answer)
        for truth, row in zip(labels, counts, strict=True)
        for answer, count in zip(labels, row, strict=True)
        if truth != answer and count
    ]
    for count, truth, answer in sorted(pairs, key=lambda pair: -pair[0])[:n_shown]:
        of = sum(counts[labels.index(truth)])
        yield f"{table_cell(truth)} taken for {table_cell(answer)}, {count} of {of}"
