"""The shared RISE cells: their records, clips and protocols."""
