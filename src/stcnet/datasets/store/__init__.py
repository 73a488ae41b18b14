"""The fast store: the frames of a data set, decoded once and read one by one.

A training step looks at 9 of the 36 frames of a clip, in random places. A video cannot be entered
there: to show its last frame a decoder must decode all before it. So a store holds each frame as a
picture of its own. Pictures of up to 64 clips lie one after the other in a *shard*, behind an index
of their lengths, and shards are mapped into memory: a frame is read where it is wanted, the system
keeps in memory what is read often, and no process holds the data set.

By default frames are kept as losslessly compressed WebP at the size they were recorded at. Scaling
to a network's size is done when a frame is read, by :func:`stcnet.preprocess.resize`, as for clips
that come straight from their videos. So a network sees the same pixels to the last bit whether it
trains on the videos, on the store, or is served. JPEG takes half the room and half the time, but
changes pixels, and with them scores. ``benchmarks/store_codecs.py`` measures the choices.

Layout: ``store.json`` (see :class:`stcnet.datasets.store.records.StoreRecord`) and
``shards/*.frames``, whose names carry their hash. A store is a collection by itself: labels,
weights, views, times and groups travel in ``store.json``.
"""

from stcnet.datasets.store.building import build_store
from stcnet.datasets.store.codecs import CODECS, Codec
from stcnet.datasets.store.reading import Store
from stcnet.datasets.store.records import STORE_FILE, StoreRecord, read_store
from stcnet.datasets.store.verifying import StoreCheck, verify

__all__ = [
    "CODECS",
    "STORE_FILE",
    "Codec",
    "Store",
    "StoreCheck",
    "StoreRecord",
    "build_store",
    "read_store",
    "verify",
]
