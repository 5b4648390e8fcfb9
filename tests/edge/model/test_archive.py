"""Every byte of what lies beside a model's networks, damaged: one error of ours, whichever library found it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.errors import BundleError
from edge.model.bundle import load_bundle
from edge.model.inputs import inputs_digest
from edge.model.personal import PersonalLayer, read_layer, write_layer
from edge.model.reference import REFERENCE_FILE, ReferenceRows, reference_rows, write_reference_rows

CLASSIC = load_bundle("classic")


def reading_rows(folder: Path) -> tuple[Path, Callable[[], object]]:
    path, rows = folder / REFERENCE_FILE, np.zeros((2, CLASSIC.n_inputs), dtype=np.float32)
    write_reference_rows(path, ReferenceRows(rows, CLASSIC.labels[:2]), inputs_digest(CLASSIC.sidecar))
    return path, lambda: reference_rows(CLASSIC, folder)


def reading_layer(folder: Path) -> tuple[Path, Callable[[], object]]:
    path = folder / "personal.npz"
    weights = np.zeros((CLASSIC.n_inputs + 1, len(CLASSIC.labels)), dtype=np.float32)
    write_layer(path, PersonalLayer(CLASSIC.labels, weights), CLASSIC)
    return path, lambda: read_layer(path, CLASSIC)


@pytest.mark.parametrize("reading", [reading_rows, reading_layer])
def test_whichever_byte_is_damaged_it_is_an_error_of_ours(
    reading: Callable[[Path], tuple[Path, Callable[[], object]]], tmp_path: Path
) -> None:
    path, read = reading(tmp_path)
    content = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        begins = [info.header_offset for info in archive.infolist()]
    directory = content.index(b"PK\x01\x02")
    places = {place for begin in begins for place in range(begin, min(begin + 150, directory))}
    refused = 0
    for place in sorted(places | set(range(directory, len(content)))):
        for change in (0x01, 0xFF):
            damaged = bytearray(content)
            damaged[place] ^= change
            path.write_bytes(damaged)
            try:
                read()
            except BundleError as error:
                refused += 1
                assert "\n" not in str(error)
    assert refused > len(places)
