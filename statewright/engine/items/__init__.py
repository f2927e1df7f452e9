"""The items of a Map state: those at hand, and those that an ItemReader reads from S3, one file a format."""
