"""The guard of a finished package: it is judged on nothing that it was trained on."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from stcnet.datasets import Collection, LabelledClip
from stcnet.datasets.leaks.guard import refuse_leaks
from stcnet.datasets.leaks.look_alikes import refuse_look_alikes
from stcnet.datasets.leaks.searching import Listener, describe
from stcnet.errors import StcnetError
from stcnet.inference import ModelPackage

_log = logging.getLogger(__name__)


def refuse_trained_on(
    package: ModelPackage,
    collection: Collection,
    chosen: Sequence[LabelledClip],
    *,
    listener: Listener = lambda done, total: None,
) -> None:
    """Refuse clips that a package was trained on, and clips that show the same as one of them.

    Records are compared first; then looks, of the training clips that the collection holds. One
    of these that cannot be decoded is not compared, and a warning says so.

    Args:
        package: Its manifest names the clips it was trained on.
        collection: The data.
        chosen: The clips of it that are to be scored.
        listener: Told of the training clips that were looked at.

    Raises:
        DataError: One of them was trained on, is a known near-duplicate of a training clip, lies
            too near to one in time, or shows the recording of one; or a video of theirs is wrong.
        SourceError: A video of theirs cannot be decoded.
    """
    trained_on = set(package.manifest.provenance.clips)
    trained = [clip for clip in collection.clips if clip.id in trained_on]
    refuse_leaks({"training": trained, "scoring": chosen})
    known = [clip for clip in trained if clip.label is not None]
    if known:
        refuse_look_alikes(
            describe(collection, known, on_bad=_not_compared, listener=listener),
            describe(collection, chosen),
            hint="leave the test clip out; stcnet data duplicates lists all of a data set",
        )


def _not_compared(error: StcnetError) -> None:
    _log.warning("not compared with the clips to score: %s", error)
