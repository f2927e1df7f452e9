"""Versions and aliases in the engine: limits, chance, restarts; their API is tested in tests/api."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from random import Random

import pytest

from statewright.engine import Engine, LocalFunctions, SqliteStore
from statewright.engine.aliases import MAX_ALIASES
from statewright.engine.errors import InvalidName, ServiceQuotaExceededException, ValidationException
from statewright.engine.records import Publication, Route
from statewright.engine.runner import ROLE
from statewright.engine.versions import MAX_VERSIONS

STARTS = 400


def definition(comment="first"):
    return json.dumps({"Comment": comment, "StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})


def publish(engine, versions, name="m"):
    """Create a machine with that many versions; give its ARN."""
    arn = engine.create_state_machine(name, definition(), ROLE, publication=Publication()).arn
    for number in range(2, versions + 1):
        engine.update_state_machine(arn, definition=definition(str(number)))
        engine.versions.publish(arn)
    return arn


def test_a_machine_has_a_thousand_versions_and_no_more(in_engine):
    async def work(engine):
        arn = publish(engine, 1)
        for number in range(2, MAX_VERSIONS + 1):
            engine.update_state_machine(arn, role_arn=f"{ROLE}-{number}")
            engine.versions.publish(arn)
        assert len(engine.versions.list(arn)) == MAX_VERSIONS
        assert engine.versions.publish(arn).arn == f"{arn}:{MAX_VERSIONS}"  # there already
        engine.update_state_machine(arn, role_arn=ROLE)
        with pytest.raises(ServiceQuotaExceededException, match="1000 versions"):
            engine.versions.publish(arn)
        engine.versions.delete(f"{arn}:1")
        assert engine.versions.publish(arn).arn == f"{arn}:{MAX_VERSIONS + 1}"

    in_engine(work)


def test_a_machine_has_a_hundred_aliases_and_no_more(in_engine):
    async def work(engine):
        arn, other = publish(engine, 1), publish(engine, 1, "other")
        routes = [Route(f"{arn}:1", 100)]
        for number in range(MAX_ALIASES):
            engine.aliases.create(f"alias-{number}", routes)
        engine.aliases.create("alias-0", routes)  # there already
        with pytest.raises(ServiceQuotaExceededException, match="100 aliases"):
            engine.aliases.create("one-more", routes)
        engine.aliases.create("one-more", [Route(f"{other}:1", 100)])
        engine.aliases.delete(f"{arn}:alias-7")
        engine.aliases.create("one-more", routes)

    in_engine(work)


def test_an_alias_leads_to_two_versions_at_most(in_engine):
    async def work(engine):
        arn = publish(engine, 3)
        engine.aliases.create("two", [Route(f"{arn}:1", 1), Route(f"{arn}:2", 99)])
        with pytest.raises(ValidationException, match="one or two"):
            engine.aliases.create("none", [])
        with pytest.raises(ValidationException, match="one or two"):
            engine.aliases.create("three", [Route(f"{arn}:{number}", 30 + number) for number in (1, 2, 3)])
        with pytest.raises(ValidationException, match="must equal 100"):
            engine.aliases.create("less", [Route(f"{arn}:1", -1), Route(f"{arn}:2", 101)])

    in_engine(work)


def test_an_alias_cannot_be_named_like_a_version(in_engine):
    async def work(engine):
        arn = publish(engine, 1)
        for name in ("7", "a b", ""):
            with pytest.raises(InvalidName):
                engine.aliases.create(name, [Route(f"{arn}:1", 100)])

    in_engine(work)


def test_starts_are_split_by_weight_and_the_same_chance_splits_them_the_same(in_engine):
    async def work(engine):
        arn = publish(engine, 2)
        alias = engine.aliases.create("SPLIT", [Route(f"{arn}:1", 25), Route(f"{arn}:2", 75)]).arn
        started = [engine.start_execution(alias) for _ in range(STARTS)]
        for record in started:
            await engine.wait_for_execution(record.arn)
        return [record.version_arn[-1] for record in started]

    chosen = in_engine(work, random=Random(7))
    assert chosen == in_engine(work, random=Random(7))
    assert chosen != in_engine(work, random=Random(8))
    assert 0.18 < Counter(chosen)["1"] / STARTS < 0.32


def test_a_running_execution_is_found_again_through_its_alias(in_engine):
    async def work(engine):
        arn = publish(engine, 2)
        alias = engine.aliases.create("SPLIT", [Route(f"{arn}:1", 50), Route(f"{arn}:2", 50)]).arn
        first = engine.start_execution(alias, "{}", "same")
        assert all(engine.start_execution(alias, "{}", "same") == first for _ in range(10))

    in_engine(work)


def test_versions_aliases_and_what_executions_ran_come_back_after_a_restart(tmp_path):
    async def first(engine):
        arn = publish(engine, 2)
        engine.versions.delete(f"{arn}:2")
        alias = engine.aliases.create("PROD", [Route(f"{arn}:1", 100)], "live").arn
        gone = engine.aliases.create("GONE", [Route(f"{arn}:1", 100)]).arn
        engine.aliases.delete(gone)
        record = await engine.wait_for_execution(engine.start_execution(alias).arn)
        engine.update_state_machine(arn, definition=definition("later"))
        return arn, engine.aliases.describe(alias), record, engine.versions.of_execution(record.arn)

    async def second(engine):
        arn, alias, record, machine = before
        assert engine.aliases.list(arn) == [alias]
        assert [version.arn for version in engine.versions.list(arn)] == [f"{arn}:1"]
        assert engine.versions.describe(f"{arn}:1").definition == definition()
        assert engine.describe_execution(record.arn) == record
        assert (record.version_arn, record.alias_arn) == (f"{arn}:1", alias.arn)
        assert engine.versions.of_execution(record.arn).definition == machine.definition == definition()
        assert [each.arn for each in engine.list_executions(state_machine_arn=alias.arn)] == [record.arn]
        assert engine.versions.publish(arn).arn == f"{arn}:3"  # numbers are not given twice
        again = engine.create_state_machine("other", definition(), ROLE, publication=Publication("v"))
        assert engine.create_state_machine("other", definition(), ROLE, publication=Publication("v")) == again

    async def third(engine):
        again = engine.create_state_machine("other", definition(), ROLE, publication=Publication("v"))
        assert engine.versions.of_current_revision(again).description == "v"

    path = tmp_path / "engine.sqlite"
    before = with_engine(path, first)
    with_engine(path, second)
    with_engine(path, third)


def test_what_is_deleted_stays_deleted_after_a_restart(tmp_path):
    async def first(engine):
        arn = publish(engine, 2)
        engine.aliases.create("PROD", [Route(f"{arn}:1", 100)])
        engine.delete_state_machine(arn)
        return arn

    async def second(engine):
        assert engine.versions.list(arn) == []
        assert publish(engine, 1) == arn
        assert engine.aliases.list(arn) == []

    path = tmp_path / "engine.sqlite"
    arn = with_engine(path, first)
    with_engine(path, second)


def with_engine(path, work):
    async def inside():
        engine = Engine(functions=LocalFunctions({}), store=SqliteStore(path))
        try:
            return await work(engine)
        finally:
            await engine.close()

    return asyncio.run(inside())
