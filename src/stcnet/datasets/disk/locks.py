"""One process at a time for a folder that several must not write into at once."""

from __future__ import annotations

import fcntl


def is_free(handle: int) -> bool:
    """Take the lock on an open file or folder; False where another process has it.

    The lock ends with the process, however it dies, or when the handle is closed. A file system
    that knows no locks keeps nobody out.

    Args:
        handle: File descriptor.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
