"""Files that hold a password or a token."""

from __future__ import annotations

import logging
import stat
from pathlib import Path

log = logging.getLogger(__name__)


def warn_if_exposed(file: Path) -> None:
    """Warn of a secret that other users may read, or put another in the place of."""
    try:
        mode = file.stat().st_mode
    except OSError:  # it comes from the environment
        return
    exposed = [what for what, bits in (("read", stat.S_IROTH), ("written", stat.S_IWGRP | stat.S_IWOTH)) if mode & bits]
    if exposed:
        log.warning("%s may be %s by other users: chmod 600 %s", file, " and ".join(exposed), file)
