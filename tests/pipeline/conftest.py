from hypothesis import settings

from tests.functions.cloud import cloud

__all__ = ["cloud"]

# Machines that test are busy: how long one example takes says nothing.
settings.register_profile("pipeline", deadline=None)
settings.load_profile("pipeline")
