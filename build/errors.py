"""The exceptions of ``build``; each command ends with the message as one line on standard error.

::

    LabError
    ├── DatasetError     (ValueError)  a table, a list or a folder that cannot be trained from
    ├── ConversionError  (RuntimeError)  a network that does not become the int8 model it must be
    ├── PublishError     (RuntimeError)  a bundle that does not do what its sidecar says
    ├── IngestError      (OSError)       a source that cannot be reached, read or is no recording
    └── WorkerError      (RuntimeError)  processes or a cluster that do not do the work given to them
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from edge.errors import EdgeError
from edge.words import safe
from features_np.errors import FeatureError


class LabError(Exception):
    """Base of everything that ``build`` raises on purpose."""


class DatasetError(LabError, ValueError):
    """A table, a list or a folder is missing, damaged or does not fit the others."""


class ConversionError(LabError, RuntimeError):
    """A network cannot be turned into the integer model that the device needs."""


class PublishError(LabError, RuntimeError):
    """A bundle does not reproduce what its sidecar says; it is not written."""


class IngestError(LabError, OSError):
    """A source of recordings cannot be reached or read, or holds none."""


class WorkerError(LabError, RuntimeError):
    """The processes or the cluster that were given work cannot do it."""


def run_command(main: Callable[[], None], command: str) -> int:
    """Run a command's body; what goes wrong on purpose ends as ``command: message`` and exit status 1 or 130."""
    try:
        main()
    except (LabError, EdgeError, FeatureError, OSError) as error:
        print(f"{command}: {safe(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{command}: stopped", file=sys.stderr)
        return 130
    return 0
