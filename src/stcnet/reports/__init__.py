"""What a run leaves behind: tables, a machine-readable record, one HTML page, annotated frames."""

from stcnet.reports.annotation import ZoneState, annotate_frame
from stcnet.reports.heat import heat_overlay
from stcnet.reports.page import write_html
from stcnet.reports.record import (
    STATEMENT,
    DetectionReport,
    ModelFacts,
    PeakPicture,
    ReportZone,
    SourceFacts,
    in_order_of_time,
)
from stcnet.reports.tables import (
    SCHEMA_VERSION,
    write_events_csv,
    write_events_json,
    write_scores_csv,
)
from stcnet.reports.wording import headline

__all__ = [
    "SCHEMA_VERSION",
    "STATEMENT",
    "DetectionReport",
    "ModelFacts",
    "PeakPicture",
    "ReportZone",
    "SourceFacts",
    "ZoneState",
    "annotate_frame",
    "headline",
    "heat_overlay",
    "in_order_of_time",
    "write_events_csv",
    "write_events_json",
    "write_html",
    "write_scores_csv",
]
