"""What a data set holds, at a glance: counts, near-duplicates and pictures, on one page."""

from stcnet.datasets.overview.page import write_page
from stcnet.datasets.overview.pictures import Sample, sample_pictures
from stcnet.datasets.overview.summary import Overview, look_over

__all__ = ["Overview", "Sample", "look_over", "sample_pictures", "write_page"]
