"""From bytes to records: JSON, JSON Lines, CSV and TSV, each also as gzip, in memory that does not grow."""
