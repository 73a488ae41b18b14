"""Which addresses a record may name, whatever stands in it."""

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stcnet.datasets.download.addresses import rise_address, safe_address, without_credentials
from stcnet.datasets.download.causes import FetchError

ROOT = "https://smoke.example.org/videos/180/"
PART = "2019-06-24/0-7/0-7-2019-06-24-3504-1067-4125-1688-180-180-9722-1561410615-1561410790.mp4"


def test_the_published_form() -> None:
    assert rise_address(ROOT, PART, 180) == ROOT + PART
    assert rise_address(ROOT, PART, 320) == (
        "https://smoke.example.org/videos/320/2019-06-24/0-7/"
        "0-7-2019-06-24-3504-1067-4125-1688-320-320-9722-1561410615-1561410790.mp4"
    )


@pytest.mark.parametrize(
    ("root", "part", "cause"),
    [
        pytest.param(None, PART, "no address", id="no root"),
        pytest.param(ROOT, None, "no address", id="no part"),
        pytest.param("", "", "no address", id="empty"),
        pytest.param("file:///etc/", "passwd", "address refused", id="a file"),
        pytest.param("ftp://host/", "a.mp4", "address refused", id="FTP"),
        pytest.param("/videos/", "a.mp4", "address refused", id="no server"),
        pytest.param("https://", "other.org/a.mp4", "address refused", id="root without server"),
        pytest.param("https://a.org", ".evil.org/a.mp4", "address refused", id="another domain"),
        pytest.param("https://a.org", "@evil.org/a.mp4", "address refused", id="a user name"),
        pytest.param("https://a.org", ":99/a.mp4", "address refused", id="another port"),
        pytest.param("https://a.org:x/", "a.mp4", "address refused", id="no port"),
        pytest.param("https://[a/", "a.mp4", "address refused", id="broken brackets"),
        pytest.param(ROOT, "../../secret", "address refused", id="up"),
        pytest.param(ROOT, "%2e%2e/secret", "address refused", id="up, in disguise"),
        pytest.param(ROOT, "a\\b.mp4", "address refused", id="backslash"),
        pytest.param(ROOT, "a\nHost: b", "address refused", id="a second line"),
        pytest.param(ROOT, "a b.mp4", "address refused", id="blank"),
        pytest.param(ROOT, "fum\u00e9e.mp4", "address refused", id="not ASCII"),
        pytest.param(ROOT, "a" * 3000, "address refused", id="endless"),
    ],
)
def test_what_is_refused(root: str | None, part: str | None, cause: str) -> None:
    with pytest.raises(FetchError) as caught:
        rise_address(root, part, 180)
    assert caught.value.cause == cause
    assert len(caught.value.detail) < 200
    assert caught.value.detail.isprintable()


@pytest.mark.parametrize(
    ("root", "part"), [("https://a.org/180/", "a.mp4"), ("https://a.org/", PART)]
)
def test_no_address_of_the_other_size(root: str, part: str) -> None:
    with pytest.raises(FetchError, match="to be replaced by"):
        rise_address(root, part, 320)


@given(st.text(max_size=40))
@example("@evil.org/")
@example("//evil.org/")
@example("?a=/../b")
def test_no_part_leaves_its_server(part: str) -> None:
    try:
        address = rise_address(ROOT, part, 180)
    except FetchError:
        return
    asked = urlsplit(address)
    assert (asked.scheme, asked.netloc) == ("https", "smoke.example.org")
    assert asked.path.startswith("/videos/180/")
    assert "/../" not in asked.path


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_root_and_part_lead_elsewhere_than_http(root: str, part: str) -> None:
    try:
        address = safe_address(root + part, root)
    except FetchError:
        return
    assert urlsplit(address).scheme in {"http", "https"}


@pytest.mark.parametrize("address", ["https://a.org/b@c", "http://me@a.org/b@c"])
def test_an_at_in_the_path_stays(address: str) -> None:
    assert without_credentials(address) == f"{address[: address.index(':')]}://a.org/b@c"


def test_a_refusal_shows_no_password() -> None:
    with pytest.raises(FetchError) as caught:
        rise_address("ftp://me:secret@host/", "a.mp4", 180)
    assert "secret" not in caught.value.detail
