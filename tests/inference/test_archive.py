import io
import struct
import zipfile
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcnet.errors import PackageError
from stcnet.inference.archive import pack_members, read_members

LIMITS = {"a.json": 1000, "b.bin": 2000}
MEMBERS = {"a.json": b"{}", "b.bin": bytes(range(256)) * 4}


def read(data: bytes, total: int = 5000) -> dict[str, bytes]:
    return read_members(data, LIMITS, total, "x.stcnet")


def zip_of(
    *members: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED, comment: bytes = b""
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
        archive.comment = comment
    return buffer.getvalue()


@given(st.binary(max_size=1000), st.binary(max_size=2000))
def test_packed_members_come_out_again(one: bytes, other: bytes) -> None:
    members = {"b.bin": other, "a.json": one}
    assert read(pack_members(members)) == members


def test_order_of_members_does_not_change_the_bytes() -> None:
    assert pack_members(MEMBERS) == pack_members(dict(reversed(MEMBERS.items())))


def test_any_zip_tool_can_read_it() -> None:
    with zipfile.ZipFile(io.BytesIO(pack_members(MEMBERS))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a.json", "b.bin"]


@given(st.data())
def test_no_flipped_byte_changes_a_member_unnoticed(data: st.DataObject) -> None:
    packed = bytearray(pack_members(MEMBERS))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    with suppress(PackageError):
        assert read(bytes(packed)) == MEMBERS


@given(st.integers(0, len(pack_members(MEMBERS)) - 1))
def test_refuses_every_beginning_of_an_archive(length: int) -> None:
    with pytest.raises(PackageError):
        read(pack_members(MEMBERS)[:length])


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_refuses_a_member_twice() -> None:
    with pytest.raises(PackageError, match=r"twice|too many"):
        read(zip_of(("a.json", b"1"), ("a.json", b"2")))


def encrypted() -> bytes:
    """The archive with the flag bits of both its headers saying that the first is encrypted."""
    data = bytearray(pack_members(MEMBERS))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    return bytes(data)


def understated() -> bytes:
    """A member that unpacks to more than the directory says."""
    data = bytearray(pack_members({"a.json": bytes(900), "b.bin": b""}))
    struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 24, 10)
    return bytes(data)


GOOD = tuple(MEMBERS.items())
REFUSED: list[tuple[str, Callable[[], bytes], str]] = [
    ("empty", lambda: b"", "not a zip"),
    ("text", lambda: b"hello, world", "not a zip"),
    ("junk before", lambda: b"junk" + pack_members(MEMBERS), "not a zip"),
    ("junk after", lambda: pack_members(MEMBERS) + b"junk", "followed by other bytes"),
    ("a comment", lambda: zip_of(*GOOD, comment=b"hi"), "followed by other bytes"),
    ("no member", lambda: zip_of(), "not a zip"),
    ("one missing", lambda: zip_of(("a.json", b"")), "lacks b.bin"),
    ("one too many", lambda: zip_of(*GOOD, ("c", b"")), "too many members"),
    ("other name", lambda: zip_of(("a.json", b""), ("c", b"")), "'c'"),
    ("parent folder", lambda: zip_of(("../a.json", b""), ("b.bin", b"")), "'../a.json'"),
    ("absolute", lambda: zip_of(("/a.json", b""), ("b.bin", b"")), "'/a.json'"),
    ("backslash", lambda: zip_of(("..\\a.json", b""), ("b.bin", b"")), "does not belong"),
    ("folder", lambda: zip_of(("a.json/", b""), ("b.bin", b"")), "does not belong"),
    ("long names", lambda: zip_of(("x" * 3000, b"")), "too many members"),
    ("bzip2", lambda: zip_of(*GOOD, compression=zipfile.ZIP_BZIP2), "unknown way"),
    ("encrypted", encrypted, "damaged"),
    ("size understated", understated, "damaged"),
    ("bomb", lambda: zip_of(("a.json", b""), ("b.bin", bytes(10**7))), "unpacks to too much"),
]


@pytest.mark.parametrize(
    ("make", "message"), [pytest.param(make, message, id=name) for name, make, message in REFUSED]
)
def test_refuses(make: Callable[[], bytes], message: str) -> None:
    with pytest.raises(PackageError) as caught:
        read(make())
    assert message in str(caught.value)
    assert str(caught.value).startswith("x.stcnet")
    assert "\n" not in str(caught.value)


def test_refuses_members_that_are_too_much_together() -> None:
    data = pack_members({"a.json": bytes(900), "b.bin": bytes(900)})
    assert read(data, total=1800)
    with pytest.raises(PackageError, match="unpacks to too much"):
        read(data, total=1799)


def test_refuses_a_directory_of_zip64_that_hides_behind_a_small_count() -> None:
    data = bytearray(pack_members(MEMBERS))
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    with pytest.raises(PackageError, match="too many members"):
        read(bytes(data[:-22] + locator + data[-22:]))
