"""The exceptions of ``build``; each command ends with the message as one line on standard error.

::

    LabError
    ├── DatasetError     (ValueError)  a table, a list or a folder that cannot be trained from
    ├── ConversionError  (RuntimeError)  a network that cannot be converted to int8
    ├── PublishError     (RuntimeError)  a bundle that does not reproduce its sidecar's probe
    ├── IngestError      (OSError)       a source that cannot be reached, read or is no recording
    └── WorkerError      (RuntimeError)  processes or a cluster that fail
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from edge.errors import EdgeError
from edge.words import safe
from features_np.errors import FeatureError


class LabError(Exception):
    """Base of all exceptions that ``build`` raises itself."""


class DatasetError(LabError, ValueError):
    """A table, a list or a folder is missing, damaged or does not fit the others."""


class ConversionError(LabError, RuntimeError):
    """A network cannot be converted to the integer model that the device needs."""


class PublishError(LabError, RuntimeError):
    """A bundle does not reproduce what its sidecar says; it is not written."""


class IngestError(LabError, OSError):
    """A source of recordings cannot be reached or read, or holds none."""


class WorkerError(LabError, RuntimeError):
    """Worker processes or a cluster failed."""


def run_command(main: Callable[[], None], command: str) -> int:
    """Run a command's body; expected errors end as ``command: message`` with exit status 1, an interrupt with 130."""
    try:
        main()
    except (LabError, EdgeError, FeatureError, OSError) as error:
        print(f"{command}: {safe(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{command}: stopped", file=sys.stderr)
        return 130
    return 0
