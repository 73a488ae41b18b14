"""One address to one partial file: resumed, tried again, and never joined of two versions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

import httpx
from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from stcnet import __version__
from stcnet.datasets.download.addresses import without_credentials
from stcnet.datasets.download.causes import FetchError, TransientError
from stcnet.datasets.download.checking import LONGEST_BYTES
from stcnet.datasets.download.partial import PartialFile, Version
from stcnet.datasets.download.politeness import Hosts, Pace, Waiter, header_date, retry_after_s
from stcnet.errors import ConfigError

MOST_REDIRECTS = 5
LONGEST_ATTEMPT_S = 600.0
"""A server that sends a byte now and then is cut off; the next attempt goes on from there."""
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_SETTLED = timedelta(seconds=60)
_RANGE = re.compile(r"bytes (?P<first>[0-9]{1,18})-[0-9]+/(?P<length>[0-9]+|\*)")


class Fetcher:
    """Fetches files over HTTP, politely; any thread may ask it.

    Args:
        pace: How often a file is tried, and how long a server may say nothing.
        hosts: Whose turn it is.
        waiter: Tells the time and waits.

    Raises:
        ConfigError: The environment names a proxy or certificates that cannot be used.
    """

    def __init__(self, pace: Pace, hosts: Hosts, waiter: Waiter) -> None:
        self._attempts = pace.attempts
        self._hosts = hosts
        self._waiter = waiter
        self._client = _client(pace, hosts)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def fetch(self, address: str, partial: PartialFile) -> None:
        """Fill ``partial`` with what is at an address, going on where an earlier attempt ended.

        Raises:
            FetchError: It cannot be had, and trying again now would not help.
            StoppedError: The work is to end; ``partial`` can be gone on with.
            OutputError, OSError: The disk does not take it.
        """
        retrying = Retrying(
            stop=stop_after_attempt(self._attempts),
            wait=wait_exponential_jitter(initial=1, max=60, jitter=1),
            retry=retry_if_exception_type(TransientError),
            sleep=self._waiter.sleep,
            reraise=True,
        )
        try:
            retrying(self._attempt, address, partial)
        except TransientError as error:
            if error.of_host:
                self._hosts.failed(_host(httpx.URL(address)))
            raise

    def _attempt(self, address: str, partial: PartialFile) -> None:
        version = partial.version
        known = version if version and version.url == without_credentials(address) else None
        if known and 0 < partial.length == known.length:
            return
        resumes = known if partial.length else None
        with closing(self._asked(address, _range(resumes, partial))) as response, _told_apart():
            self._require_content(response, partial)
            self._hosts.served(_host(httpx.URL(address)))
            if response.status_code != httpx.codes.PARTIAL_CONTENT:
                partial.begin(_version(response, address))
            elif not _goes_on(response, resumes, partial):
                partial.discard()
                raise TransientError("range refused", "the server sent another part than asked for")
            self._receive(response, partial)

    def _asked(self, address: str, headers: dict[str, str]) -> httpx.Response:
        """The response as soon as its headers are there; after redirects, if it redirects."""
        with _told_apart(of_host=True):
            request = self._client.build_request("GET", address, headers=headers)
            return self._client.send(request, stream=True)

    def _require_content(self, response: httpx.Response, partial: PartialFile) -> None:
        code = response.status_code
        if code in {httpx.codes.OK, httpx.codes.PARTIAL_CONTENT}:
            return
        told = f"HTTP {code}", response.reason_phrase or "no reason given"
        if code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            partial.discard()
            raise TransientError(*told)
        if code not in _BUSY:
            self._hosts.served(_host(response.url))
            raise FetchError(*told)
        pause_s = retry_after_s(response.headers.get("Retry-After"))
        if pause_s is not None:
            self._hosts.pause(_host(response.url), pause_s)
        raise TransientError(*told, of_host=True)

    def _receive(self, response: httpx.Response, partial: PartialFile) -> None:
        until_s = self._waiter.now_s() + LONGEST_ATTEMPT_S
        length = partial.length
        with partial.open() as file:
            for chunk in response.iter_raw():
                length += len(chunk)
                if length > LONGEST_BYTES:
                    partial.discard()
                    raise FetchError("too long", f"more than {LONGEST_BYTES} bytes")
                file.write(chunk)
                file.flush()  # what has come shall outlive the process
                self._waiter.check()
                if self._waiter.now_s() > until_s:
                    raise TransientError("timed out", f"not whole after {LONGEST_ATTEMPT_S:.0f} s")


def _client(pace: Pace, hosts: Hosts) -> httpx.Client:
    try:
        return httpx.Client(
            timeout=pace.timeout_s,
            follow_redirects=True,
            max_redirects=MOST_REDIRECTS,
            limits=httpx.Limits(max_connections=pace.workers),
            headers={"User-Agent": f"stcnet/{__version__}", "Accept-Encoding": "identity"},
            # Redirects pass the hook as well, so they take their turn like all requests.
            event_hooks={"request": [lambda request: hosts.wait_for_turn(_host(request.url))]},
        )
    except (httpx.InvalidURL, ValueError, ImportError, OSError) as error:
        raise ConfigError(
            "the proxy or the certificates that the environment names cannot be used",
            got=error,
            hint="mend HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE or SSL_CERT_DIR",
        ) from None


def _host(url: httpx.URL) -> str:
    return url.netloc.decode("ascii")


def _range(version: Version | None, partial: PartialFile) -> dict[str, str]:
    if version is None:
        return {}
    return {"Range": f"bytes={partial.length}-", "If-Range": version.validator}


def _version(response: httpx.Response, address: str) -> Version | None:
    """The version that a response is of; None where the server does not tell versions apart."""
    validator = _validator(response.headers)
    if validator is None:
        return None
    length = response.headers.get("Content-Length", "")
    return Version(
        url=without_credentials(address),
        validator=validator,
        length=int(length) if length.isdecimal() else None,
    )


def _validator(headers: httpx.Headers) -> str | None:
    """What ``If-Range`` may hold: a strong ETag, or a date of change that is some time ago.

    A file may change twice within the second that a date names (RFC 9110, 8.8.2.2).
    """
    tag = headers.get("ETag")
    if tag is not None:
        return tag if tag.startswith('"') and tag.isascii() else None
    changed = headers.get("Last-Modified")
    moment, now = header_date(changed), header_date(headers.get("Date"))
    return changed if moment and now and now - moment >= _SETTLED else None


def _goes_on(response: httpx.Response, version: Version | None, partial: PartialFile) -> bool:
    """Whether a response holds the rest of the same version."""
    told = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if version is None or told is None or int(told["first"]) != partial.length:
        return False
    lengths = (str(version.length), "*") if version.length is not None else (told["length"],)
    same_tag = response.headers.get("ETag", version.validator) == version.validator
    is_date = not version.validator.startswith('"')
    return told["length"] in lengths and (same_tag or is_date)


@contextmanager
def _told_apart(*, of_host: bool = False) -> Iterator[None]:
    """Name what went wrong on the way, and whether it may go better the next time."""
    try:
        yield
    except httpx.TooManyRedirects:
        raise FetchError("redirects", f"more than {MOST_REDIRECTS}, or in a circle") from None
    # A host name that cannot be looked up at all is a UnicodeError of Python's.
    except (httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeError) as error:
        raise FetchError("address refused", _words(error)) from None
    except httpx.HTTPError as error:
        raise TransientError(_cause(error), _words(error), of_host=of_host) from None


def _cause(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "timed out"
    return "no connection" if isinstance(error, httpx.ConnectError) else "connection lost"


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
