"""The field's table on RISE, made again: every row on every split, beside what was published."""
