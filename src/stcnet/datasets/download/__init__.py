"""Downloading published videos, and checking that they are still what was downloaded."""

from stcnet.datasets.download.manifest import MANIFEST_FILE, Entry, read_manifest
from stcnet.datasets.download.politeness import Pace, Waiter
from stcnet.datasets.download.report import REPORT_FILE, Missing, summary
from stcnet.datasets.download.request import DATASETS, SIZES, DatasetName, Request, read_request
from stcnet.datasets.download.running import Manner, Outcome, download, fetch_again
from stcnet.datasets.download.verification import Finding, Verification, verify

__all__ = [
    "DATASETS",
    "MANIFEST_FILE",
    "REPORT_FILE",
    "SIZES",
    "DatasetName",
    "Entry",
    "Finding",
    "Manner",
    "Missing",
    "Outcome",
    "Pace",
    "Request",
    "Verification",
    "Waiter",
    "download",
    "fetch_again",
    "read_manifest",
    "read_request",
    "summary",
    "verify",
]
