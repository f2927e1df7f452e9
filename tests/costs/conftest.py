from tests.functions.cloud import cloud

__all__ = ["cloud"]
