"""Names, hashes and locks of files that come from elsewhere."""
