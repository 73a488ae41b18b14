"""Where a record says that its video is published, and which addresses are refused."""

from __future__ import annotations

from urllib.parse import SplitResult, unquote, urlsplit

from stcnet.datasets.download.causes import FetchError

SCHEMES = ("http", "https")
PUBLISHED_SIZE = 180
"""Side in pixels of the videos that RISE's records point at; others are named after them."""
_LONGEST = 2000
_SHOWN = 80


def rise_address(root: str | None, part: str | None, size: int) -> str:
    """Address of a video of RISE: ``url_root`` and ``url_part`` of its record, put together.

    The videos of 320 pixels are published beside those of 180: ``/180/`` in the root is ``/320/``
    there, and ``-180-180-`` in the rest is ``-320-320-``.

    Raises:
        FetchError: The record has no address or none of that size, or :func:`safe_address`
            refuses it.
    """
    if not root or not part:
        raise FetchError("no address", "the record has no url_root and url_part")
    if size != PUBLISHED_SIZE:
        root = _replaced(root, f"/{PUBLISHED_SIZE}/", f"/{size}/")
        part = _replaced(part, _square(PUBLISHED_SIZE), _square(size))
    return safe_address(root + part, root)


def safe_address(address: str, root: str) -> str:
    """An address that may be asked, itself.

    Args:
        address: Put together from what a record says.
        root: What it begins with: the server and folder that it must not leave.

    Raises:
        FetchError: It is not of HTTP, leads to another server than ``root`` or up its folders, or
            is no address at all.
    """
    parts, server = _parsed(address), _parsed(root)
    if (parts.scheme, parts.netloc) != (server.scheme, server.netloc):
        raise FetchError("address refused", f"{_shown(address)} leaves its url_root")
    if ".." in unquote(parts.path).split("/"):
        raise FetchError("address refused", f"{_shown(address)} leads up its folders")
    return address


def name_of_size(name: str, size: int) -> str:
    """Name of the video of ``size`` pixels where one of 180 pixels has this name.

    >>> name_of_size("0-7-2018-06-11-0-0-5-5-180-180-9-1528712115-1528712290", 320)
    '0-7-2018-06-11-0-0-5-5-320-320-9-1528712115-1528712290'
    """
    return name.replace(_square(PUBLISHED_SIZE), _square(size))


def without_credentials(address: str) -> str:
    """An address that may be shown and kept: without user name and password.

    >>> without_credentials("https://me:secret@example.org:8443/videos/a.mp4")
    'https://example.org:8443/videos/a.mp4'
    """
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _square(size: int) -> str:
    return f"-{size}-{size}-"


def _replaced(text: str, old: str, new: str) -> str:
    if old not in text:
        raise FetchError("no address", f"{_shown(text)} has no {old} to be replaced by {new}")
    return text.replace(old, new)


def _parsed(address: str) -> SplitResult:
    plain = address.isascii() and address.isprintable() and not {" ", "\\"} & set(address)
    if not plain or len(address) > _LONGEST:
        raise FetchError("address refused", f"{_shown(address)} is no address")
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise FetchError("address refused", f"{_shown(address)}: {error}") from None
    if parts.scheme not in SCHEMES or not host:
        allowed = " or ".join(SCHEMES)
        raise FetchError("address refused", f"{_shown(address)} is not of {allowed}")
    return parts


def _shown(address: str) -> str:
    """An address for the report, without what stands before an @."""
    scheme, mark, rest = address.partition("://")
    server, slash, path = rest.partition("/")
    shown = scheme + mark + server.rpartition("@")[2] + slash + path
    return ascii(shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}...")
