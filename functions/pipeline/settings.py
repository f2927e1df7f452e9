"""Settings of the functions: one frozen object, read from the environment when first asked for."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import MissingSetting

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Settings:
    """Names of what the deployment has; `table_prefix` + dataset is a dataset's table."""

    raw_bucket: str
    staging_bucket: str
    output_bucket: str
    files_table: str
    told_table: str
    transactions_url: str
    table_prefix: str
    notifications_topic: str
    pseudonym_key_parameter: str
    schemas: Path

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Read from environment variables; raises MissingSetting."""

        def wanted(variable: str) -> str:
            value = environment.get(variable, "")
            if not value:
                raise MissingSetting(variable)
            return value

        return cls(
            raw_bucket=wanted("RAW_BUCKET"),
            staging_bucket=wanted("STAGING_BUCKET"),
            output_bucket=wanted("OUTPUT_BUCKET"),
            files_table=wanted("FILES_TABLE"),
            told_table=wanted("TOLD_TABLE"),
            transactions_url=wanted("TRANSACTIONS_URL"),
            table_prefix=wanted("TABLE_PREFIX"),
            notifications_topic=wanted("NOTIFICATIONS_TOPIC_ARN"),
            pseudonym_key_parameter=wanted("PSEUDONYM_KEY_PARAMETER"),
            schemas=schemas_folder(environment),
        )


def schemas_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder of the schemas: as set, else in the task root, else beside functions/."""
    if folder := environment.get("SCHEMAS_DIR"):
        return Path(folder)
    in_task_root = HERE.parent / "schemas"
    return in_task_root if in_task_root.is_dir() else HERE.parent.parent / "schemas"


@functools.cache
def settings() -> Settings:
    """Return the settings of this process."""
    return Settings.read(os.environ)
