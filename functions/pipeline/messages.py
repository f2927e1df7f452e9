"""What people are told through SNS: a message per alert, one per file, with attributes to filter by."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline.aws import calling, sns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.alerts import Alert
    from pipeline.shapes import Counts, File

# ASCII, no control characters, shorter than 100 characters, starting with a letter, digit or punctuation:
# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
MAX_SUBJECT = 99
_NOT_IN_SUBJECT = re.compile(r"[^\x20-\x7e]+")
# A message may have 256 KiB: https://docs.aws.amazon.com/general/latest/gr/sns.html
MAX_LINKS = 50
SEVERITIES = ("info", "warning", "critical")


class Topic:
    """Tells of one file."""

    def __init__(self, arn: str, file: File, execution: str) -> None:
        self._arn = arn
        self._file = file
        self._execution = execution

    def alert(self, alert: Alert) -> str:
        """Tell of one alert; return its severity."""
        about = {"event": "alert", "rule": alert["rule"], "severity": alert["severity"]}
        self._publish(alert["subject"], about, {**alert, **self._place()})
        return alert["severity"]

    def summary(
        self,
        counts: Counts,
        reasons: Mapping[str, int],
        quarantine: Sequence[str],
        alert_logs: Sequence[str],
        severities: Sequence[str],
        told: int,
        summary: str,
    ) -> None:
        """Tell what became of the file; its severity is the highest of what happened.

        `told` counts the alerts that were told one by one, `summary` is the URI of the file's summary.
        """
        happened = [*severities, "warning" if counts["quarantined"] else "info"]
        about = {
            "event": "ingested",
            "status": "SUCCEEDED",
            "severity": max(happened, key=SEVERITIES.index),
        }
        said = {
            **self._place(),
            "status": "SUCCEEDED",
            "counts": counts,
            "reasons": reasons,
            "quarantine": quarantine[:MAX_LINKS],
            "alerts": alert_logs[:MAX_LINKS],
            "alerts_told": told,
            "summary": summary,
        }
        subject = (
            f"statewright: {counts['written']} of {counts['read']} records written to {self._file['dataset']}"
        )
        self._publish(subject, about, said)

    def _place(self) -> dict[str, Any]:
        file = self._file
        if file["format"] == "messages":
            return {"group": file["id"], "dataset": file["dataset"], "execution": self._execution}
        return {
            "bucket": file["bucket"],
            "object": file["key"],
            "version": file["version"],
            "dataset": file["dataset"],
            "execution": self._execution,
        }

    def _publish(self, subject: str, about: Mapping[str, str], said: Mapping[str, Any]) -> None:
        publish(self._arn, subject, {**about, "dataset": str(self._file["dataset"])}, said)


def publish(topic: str, subject: str, about: Mapping[str, str], said: Mapping[str, Any]) -> None:
    """Publish what is said as JSON; `about` are the message's attributes, to filter by."""
    message = msgspec.json.format(msgspec.json.encode({"event": about["event"], **said}), indent=2)
    with calling("SNS Publish"):
        sns().publish(
            TopicArn=topic,
            Subject=plain_subject(subject),
            Message=message.decode(),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in about.items()
            },
        )


def plain_subject(text: str) -> str:
    """Return a text as SNS takes it for a subject."""
    plain = _NOT_IN_SUBJECT.sub("?", text).strip() or "statewright"
    return plain if len(plain) <= MAX_SUBJECT else plain[: MAX_SUBJECT - 3] + "..."
