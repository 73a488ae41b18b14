"""Zip archives whose members are known beforehand, read without trusting a single byte."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from stcnet.errors import PackageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_END_RECORD = struct.Struct("<4s4H2LH")
_END_SIGNATURE = b"PK\x05\x06"
_MEMBER_SIGNATURE = b"PK\x03\x04"
_ZIP64_LOCATOR = b"PK\x06\x07"
_ZIP64_LOCATOR_BYTES = 20
_DIRECTORY_BYTES_PER_MEMBER = 1024
_CHUNK_BYTES = 1 << 20
# The oldest time a zip can hold: the bytes must not depend on when they were written.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)
_DAMAGE = (
    BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,  # also NotImplementedError: encrypted, or compressed in another way
    ValueError,
    struct.error,
)


def read_members(
    data: bytes, limits: Mapping[str, int], total_limit: int, where: object
) -> dict[str, bytes]:
    """Unpack an archive that must hold exactly the members named in ``limits``.

    Sizes are counted while unpacking; what the archive says of itself is not believed. Nothing is
    written to disk.

    Args:
        data: The whole archive.
        limits: Name of each member, and the most bytes that it may unpack to.
        total_limit: The most bytes that all members together may unpack to.
        where: The file, for the message.

    Returns:
        The unpacked members by name.

    Raises:
        PackageError: It is not a zip, is damaged, unpacks to too much, or has a member too many,
            too few, twice, or of a name that is not expected.
    """
    _check_end_record(data, len(limits), where)
    try:
        with ZipFile(BytesIO(data)) as archive:
            _check_members(archive.infolist(), limits, where)
            return _unpack(archive, limits, total_limit, where)
    except _DAMAGE as error:
        raise PackageError(
            "the archive is damaged", where=where, got=error, hint="fetch the file again"
        ) from error


def pack_members(members: Mapping[str, bytes]) -> bytes:
    """Pack members into a zip: the same members always give the same bytes.

    Args:
        members: Content by name.

    Returns:
        The archive: sorted by name, compressed, with one fixed time stamp.
    """
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        for name in sorted(members):
            info = ZipInfo(name, _TIMESTAMP)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            info.compress_type = ZIP_DEFLATED
            archive.writestr(info, members[name])
    return buffer.getvalue()


def _check_end_record(data: bytes, members: int, where: object) -> None:
    """Refuse an endless directory before it is parsed into memory."""
    if not data.startswith(_MEMBER_SIGNATURE):
        raise PackageError("the file is not a zip", where=where, hint="give a .stcnet package")
    tail = data[-_END_RECORD.size :]
    if not tail.startswith(_END_SIGNATURE):
        raise PackageError(
            "the zip is cut short or followed by other bytes",
            where=where,
            hint="fetch the file again",
        )
    locator = data[-_END_RECORD.size - _ZIP64_LOCATOR_BYTES : -_END_RECORD.size]
    count, directory_bytes = _END_RECORD.unpack(tail)[4:6]
    if (
        count > members
        or directory_bytes > members * _DIRECTORY_BYTES_PER_MEMBER
        or locator.startswith(_ZIP64_LOCATOR)
    ):
        raise PackageError("the zip has too many members", where=where, allowed=members)


def _check_members(infos: list[ZipInfo], limits: Mapping[str, int], where: object) -> None:
    names = [info.orig_filename for info in infos]
    for name in names:
        if name not in limits:
            raise PackageError(
                "the package has a member that does not belong there",
                where=where,
                got=repr(name),
                allowed=", ".join(limits),
            )
        if names.count(name) > 1:
            raise PackageError("the package has a member twice", where=where, got=name)
    missing = [name for name in limits if name not in names]
    if missing:
        raise PackageError(f"the package lacks {', '.join(missing)}", where=where)


def _unpack(
    archive: ZipFile, limits: Mapping[str, int], total_limit: int, where: object
) -> dict[str, bytes]:
    members: dict[str, bytes] = {}
    left = total_limit
    for info in archive.infolist():
        name = info.filename
        members[name] = _unpack_one(archive, info, min(limits[name], left), f"{where}, {name}")
        left -= len(members[name])
    return members


def _unpack_one(archive: ZipFile, info: ZipInfo, limit: int, where: str) -> bytes:
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise PackageError("the member is compressed in an unknown way", where=where)
    unpacked = bytearray()
    with archive.open(info) as stream:
        while chunk := stream.read(min(_CHUNK_BYTES, limit + 1 - len(unpacked))):
            unpacked += chunk
            if len(unpacked) > limit:
                raise PackageError(
                    "the member unpacks to too much",
                    where=where,
                    allowed=f"{limit} bytes",
                    hint="do not trust this file",
                )
    return bytes(unpacked)
