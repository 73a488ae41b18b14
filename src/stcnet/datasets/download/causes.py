"""Why a video is not there."""

from __future__ import annotations


class FetchError(Exception):
    """A video cannot be had from one source; it ends up in the report, not before a user.

    Attributes:
        cause: The same few words for all of a kind, such as ``HTTP 404``; reports count them.
        detail: What happened this time.
    """

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(f"{cause}: {detail}")
        self.cause = cause
        self.detail = detail


class TransientError(FetchError):
    """Trying again may help.

    Attributes:
        of_host: The server is at fault rather than this video, which counts against it.
    """

    def __init__(self, cause: str, detail: str, *, of_host: bool = False) -> None:
        super().__init__(cause, detail)
        self.of_host = of_host


class WrongContentError(FetchError):
    """What came is not the clip that was asked for."""

    def __init__(self, detail: str) -> None:
        super().__init__("wrong content", detail)
