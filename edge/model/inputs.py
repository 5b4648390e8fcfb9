"""The definition of a head's input as one digest: models with equal ones can learn from the same numbers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

#: The keys of a listener that determine its outputs; its styles, for example, do not.
_OF_LISTENER = ("name", "sha256", "patch_spec_digest", "outputs", "statistics")


def inputs_digest(sidecar: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the definitions of all numbers that the head of a bundle with this sidecar takes."""
    used = {
        "features": sidecar["feature_spec_digest"],
        "listeners": [{key: listener[key] for key in _OF_LISTENER} for listener in sidecar.get("listeners", ())],
    }
    return hashlib.sha256(json.dumps(used, sort_keys=True).encode()).hexdigest()
