"""The exceptions of the package: every message is one line that says what to do next."""

import unicodedata


class StcnetError(Exception):
    """Base of all errors that a user can mend.

    The message is one line built from the parts given, in the order *where: what (got; allowed);
    hint*. Line breaks in a part, as in messages of other libraries, become spaces; what cannot be
    seen, as in hostile names, is escaped, so that no file can steer the terminal.

    Args:
        what: What is wrong, as a short sentence without a full stop.
        where: The file, option, key or camera it concerns.
        got: The offending value.
        allowed: What would have been accepted.
        hint: What to do next.

    >>> print(ZoneError("the zone has no area", where="--zone gate", got="0x20 px",
    ...                 hint="give a width and height above zero"))
    --zone gate: the zone has no area (got 0x20 px); give a width and height above zero
    """

    exit_code = 2

    def __init__(
        self,
        what: str,
        *,
        where: object = None,
        got: object = None,
        allowed: object = None,
        hint: str | None = None,
    ) -> None:
        self.what = what
        details = [f"got {one_line(got)}"] if got is not None else []
        details += [f"allowed: {one_line(allowed)}"] if allowed is not None else []
        message = f"{one_line(where)}: " if where is not None else ""
        message += one_line(what)
        message += f" ({'; '.join(details)})" if details else ""
        message += f"; {one_line(hint)}" if hint else ""
        super().__init__(message)


def one_line(part: object) -> str:
    r"""Text of one line in which all can be seen and written as UTF-8: the rest is escaped.

    Spaces of any width stay as they are.

    >>> one_line("north\n gate\x1b"), one_line("caf\udce9")
    ('north gate\\x1b', 'caf\\udce9')
    """
    text = " ".join(line.strip() for line in str(part).splitlines() if line.strip())
    return "".join(sign if _is_shown(sign) else ascii(sign)[1:-1] for sign in text)


def _is_shown(sign: str) -> bool:
    return sign.isprintable() or unicodedata.category(sign) == "Zs"


class SourceError(StcnetError):
    """A video, picture folder or stream cannot be read as asked."""


class ZoneError(StcnetError):
    """A zone cannot be understood or does not lie in the picture."""


class PackageError(StcnetError):
    """A model package is damaged, unsafe, of another version, or does not score as promised."""


class DataError(StcnetError):
    """A data set is missing, incomplete, inconsistent or leaking."""


class ConfigError(StcnetError):
    """A recipe, setting or option has a value that is not allowed."""


class OutputError(StcnetError):
    """A result cannot be written where it was asked for."""


class ScoringError(StcnetError):
    """A clip cannot be scored: wrong shape, too few frames, or values that are not finite."""


class TrainingError(StcnetError):
    """Training cannot start, go on or resume."""


class CheckFailedError(StcnetError):
    """A check that was asked for did not pass."""

    exit_code = 1
