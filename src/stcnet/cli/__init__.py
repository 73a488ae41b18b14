"""The command line: each module parses, calls and prints for one group of commands."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, see :func:`stcnet.cli.app.main`.

    The modules are imported here, so that Ctrl-C while they are ends in one line, too.
    """
    try:
        from stcnet.cli import app
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)  # noqa: T201
        return 130
    return app.main(arguments)
