"""The names, ARNs and URLs that a project's resources have on the local cloud.

Physical names are `<project>-<logical name>`, as on AWS. Definitions and patterns name resources by
placeholders (`${FilesTable}`): CamelCase of the logical name, and the kind. Replacing them is the same for
the local cloud and for AWS.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.project import Project, Table

ACCOUNT = "000000000000"
REGION = "us-east-1"
PLACEHOLDER = re.compile(r"\$\{([A-Za-z][A-Za-z0-9]*)\}")


class UnknownPlaceholder(Exception):  # noqa: N818 - what is wrong
    """A definition or pattern names a resource that the project does not have."""

    def __init__(self, name: str, place: str) -> None:
        super().__init__(f"{place}: ${{{name}}} names no resource of pipeline.json")


@dataclass(frozen=True)
class Names:
    """Names of a project's resources; `endpoint` is the emulator's URL without a slash at its end."""

    project: Project
    endpoint: str

    def of(self, logical: str) -> str:
        """Return the physical name of a table, queue, topic, function, state machine or rule."""
        return f"{self.project.description.name}-{logical}"

    def bucket(self, logical: str) -> str:
        """Return the name of a bucket; `_` is not allowed there."""
        return self.of(logical).replace("_", "-")

    def parameter(self, logical: str) -> str:
        """Return the path of a parameter."""
        return f"/{self.project.description.name}/{logical}"

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a physical resource of the local account."""
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"

    def queue_url(self, logical: str) -> str:
        """Return the URL of a queue."""
        return f"{self.endpoint}/{ACCOUNT}/{self.of(logical)}"

    def queue_arn(self, logical: str) -> str:
        """Return the ARN of a queue."""
        return self.arn("sqs", self.of(logical))

    def topic_arn(self, logical: str) -> str:
        """Return the ARN of a topic."""
        return self.arn("sns", self.of(logical))

    def function_arn(self, logical: str) -> str:
        """Return the ARN of a function."""
        return self.arn("lambda", f"function:{self.of(logical)}")

    def state_machine_arn(self, logical: str) -> str:
        """Return the ARN of a state machine."""
        return self.arn("states", f"stateMachine:{self.of(logical)}")

    def rule_arn(self, logical: str) -> str:
        """Return the ARN of a rule of the default event bus."""
        return self.arn("events", f"rule/{self.of(logical)}")

    def pipe_arn(self, logical: str) -> str:
        """Return the ARN of a pipe."""
        return self.arn("pipes", f"pipe/{self.of(logical)}")

    def schedule_arn(self, logical: str) -> str:
        """Return the ARN of a schedule; the group of all of them has the deployment's name."""
        return self.arn("scheduler", f"schedule/{self.project.description.name}/{self.of(logical)}")

    def events_queue(self, rule: str) -> str:
        """Return the logical name of the queue that a rule delivers to and the triggers read from."""
        return f"{rule}_events"

    def tables(self) -> dict[str, Table]:
        """Return every table by its logical name: those of the description, then one a dataset."""
        datasets = {name: dataset.table for name, dataset in self.project.datasets.items()}
        return {**self.project.description.tables, **datasets}

    def placeholders(self) -> dict[str, str]:
        """Return what each placeholder stands for; of a state machine and a function it is the function."""
        description = self.project.description
        found = {"Region": REGION, "Account": ACCOUNT}
        found |= {camel(name) + "Bucket": self.bucket(name) for name in description.buckets}
        found |= {camel(name) + "Table": self.of(name) for name in self.tables()}
        found |= {camel(name) + "Url": self.queue_url(name) for name in description.queues}
        found |= {camel(name) + "Arn": self.queue_arn(name) for name in description.queues}
        found |= {camel(name) + "Arn": self.topic_arn(name) for name in description.topics}
        found |= {camel(name) + "Arn": self.state_machine_arn(name) for name in description.state_machines}
        found |= {camel(name) + "Arn": self.function_arn(name) for name in description.functions}
        return found | {camel(name) + "Parameter": self.parameter(name) for name in description.parameters}

    def definition(self, logical: str) -> str:
        """Return the definition of a state machine with its placeholders replaced."""
        path = self.project.description.state_machines[logical].definition
        text = (self.project.root / path).read_text(encoding="utf-8")
        return replace_placeholders(text, self.placeholders(), path)

    def pattern(self, rule: str) -> dict[str, Any]:
        """Return the event pattern of a rule with its placeholders replaced."""
        text = json.dumps(self.project.description.rules[rule].pattern)
        pattern: dict[str, Any] = json.loads(replace_placeholders(text, self.placeholders(), f"rules.{rule}"))
        return pattern


def replace_placeholders(text: str, values: Mapping[str, str], place: str) -> str:
    """Return the text with each `${Name}` replaced; raises UnknownPlaceholder, which names the place."""

    def stand_in(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise UnknownPlaceholder(match[1], place)
        return values[match[1]]

    return PLACEHOLDER.sub(stand_in, text)


def camel(name: str) -> str:
    """Return `dead_letters` as `DeadLetters`."""
    return "".join(part.capitalize() for part in name.split("_"))
