"""The mutations that record external runs."""

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any
from uuid import UUID

import strawberry

from models.access.viewer import Permission
from models.errors import ProblemCode, Refused
from models.lifecycle.commands.commands import Command
from models.lifecycle.commands.external import RecordStart
from models.states import EXECUTION_SUCCESSES
from runner.external import runs
from runner.external.logs import record_logs
from runner.external.runs import ReportedArtifact
from runner.store.execution import recorded
from runner.store.json import load
from runner.store.rows import ExecutionRow
from schema.access_checks import execution_for, needs, needs_somewhere, visible_execution
from schema.context import Info
from schema.execution.actions import view_of
from schema.external.inputs import (
    FinishExecutionInput,
    HeartbeatInput,
    RecordArtifactsInput,
    RecordExecutionInput,
    RecordLogsInput,
    RecordMetricsInput,
    RecordPropertiesInput,
    RecordTaskRunInput,
)
from schema.external.payloads import (
    FinishExecutionPayload,
    HeartbeatPayload,
    RecordArtifactsPayload,
    RecordExecutionPayload,
    RecordLogsPayload,
    RecordMetricsPayload,
    RecordPropertiesPayload,
    RecordTaskRunPayload,
)
from schema.mutation_payload import payload_of
from schema.types.execution.execution import Execution


@strawberry.type
class RecordingMutation:
    @strawberry.mutation
    async def record_execution(
        self, info: Info, input: RecordExecutionInput
    ) -> RecordExecutionPayload:
        return await payload_of(RecordExecutionPayload, info, _begin(info, input))

    @strawberry.mutation
    async def record_task_run(self, info: Info, input: RecordTaskRunInput) -> RecordTaskRunPayload:
        return await payload_of(RecordTaskRunPayload, info, _report(info, input))

    @strawberry.mutation
    async def record_properties(
        self, info: Info, input: RecordPropertiesInput
    ) -> RecordPropertiesPayload:
        return await payload_of(RecordPropertiesPayload, info, _report(info, input))

    @strawberry.mutation
    async def record_metrics(self, info: Info, input: RecordMetricsInput) -> RecordMetricsPayload:
        return await payload_of(RecordMetricsPayload, info, _metrics(info, input))

    @strawberry.mutation
    async def record_logs(self, info: Info, input: RecordLogsInput) -> RecordLogsPayload:
        return await payload_of(RecordLogsPayload, info, _logs(info, input))

    @strawberry.mutation
    async def record_artifacts(
        self, info: Info, input: RecordArtifactsInput
    ) -> RecordArtifactsPayload:
        return await payload_of(RecordArtifactsPayload, info, _artifacts(info, input))

    @strawberry.mutation
    async def finish_execution(
        self, info: Info, input: FinishExecutionInput
    ) -> FinishExecutionPayload:
        return await payload_of(FinishExecutionPayload, info, _end(info, input))

    @strawberry.mutation
    async def heartbeat(self, info: Info, input: HeartbeatInput) -> HeartbeatPayload:
        return await payload_of(HeartbeatPayload, info, _live(info, input))


async def _begin(info: Info, input: RecordExecutionInput) -> dict[str, Any]:
    needs_somewhere(info, Permission.RECORD)
    command = input.to_report().to_command()
    needs(info, Permission.RECORD, input.namespace, "namespace")
    services, origin = info.context.services, info.context.origin(input.reason)
    async with _counted(info, input.namespace, input):
        transition = await services.engine.create(command, origin)
    return {"execution": await view_of(info, transition.execution.id)}


async def _report(info: Info, input: RecordTaskRunInput | RecordPropertiesInput) -> dict[str, Any]:
    row = await _own(info, input.execution_id)
    async with _counted(info, row["namespace"], input):
        await _execute(info, row["id"], input.to_command(), input.reason)
    return {"execution": await view_of(info, row["id"])}


async def _end(info: Info, input: FinishExecutionInput) -> dict[str, Any]:
    row = await _own(info, input.execution_id)
    id, command = row["id"], input.to_command()
    if input.cached_from is not None:
        source = await _source(info, id, input.cached_from)
        outputs = command.outputs or load(source["outputs"])
        command = replace(command, cached_from=source["id"], outputs=outputs)
    # An end can be reported even when the quota is used up: only its outputs count.
    async with _counted(info, row["namespace"], input.outputs):
        await _execute(info, id, command, input.reason)
    return {"execution": await view_of(info, id)}


async def _source(info: Info, id: UUID, cached_from: str) -> ExecutionRow:
    """Returns the row of the `cachedFrom` execution. Raises Refused unless it is another one that the viewer may see
    and that succeeded."""
    try:
        key = await visible_execution(info, cached_from)
    except Refused as refused:
        problems = [replace(problem, path=("cachedFrom",)) for problem in refused.problems]
        raise Refused(problems) from refused
    row: ExecutionRow | None = await info.context.loaders.execution.load(key)
    assert row
    if key == id:
        raise _no_source("an execution is not cached from itself")
    if row["state"] not in EXECUTION_SUCCESSES:
        ends = ", ".join(sorted(EXECUTION_SUCCESSES))
        raise _no_source(
            f"{row['name']} is {row['state']}; only a successful execution ({ends}) can be reused"
        )
    return row


def _no_source(sentence: str) -> Refused:
    return Refused.because(ProblemCode.VALIDATION, sentence, "cachedFrom")


async def _metrics(info: Info, input: RecordMetricsInput) -> dict[str, Any]:
    row = await _recorded(info, input.execution_id)
    actor = info.context.viewer.actor
    metrics = [metric.to_report() for metric in input.metrics]
    async with _counted(info, row["namespace"], input):
        await runs.record_metrics(
            info.context.services.pool, actor, row, metrics, input.idempotency_key
        )
    info.context.services.feed.notify({f"m:{row['id']}"})
    return {"execution": await _alive(info, row["id"])}


async def _logs(info: Info, input: RecordLogsInput) -> dict[str, Any]:
    row = await _recorded(info, input.execution_id)
    services, actor = info.context.services, info.context.viewer.actor
    lines = [line.to_report() for line in input.lines]
    async with _counted(info, row["namespace"], input):
        await record_logs(services.pool, services.vault, actor, row, lines, input.idempotency_key)
    services.feed.notify({f"l:{row['id']}"})
    return {"execution": await _alive(info, row["id"])}


async def _artifacts(info: Info, input: RecordArtifactsInput) -> dict[str, Any]:
    row = await _recorded(info, input.execution_id)
    artifacts = [artifact.to_report() for artifact in input.artifacts]
    _refuse_foreign(info, artifacts)
    services = info.context.services
    async with _counted(info, row["namespace"], input):
        await runs.record_artifacts(services.pool, row["id"], row["namespace"], artifacts)
    services.feed.notify({f"m:{row['id']}"})
    return {"execution": await _alive(info, row["id"])}


async def _live(info: Info, input: HeartbeatInput) -> dict[str, Any]:
    id = (await _own(info, input.execution_id))["id"]
    await _execute(info, id, RecordStart())
    return {"execution": await view_of(info, id)}


def _counted(info: Info, namespace: str, report: object) -> AbstractAsyncContextManager[None]:
    """Counts the size of the report against the quotas of the recorder and the team, unless the body raises. Raises
    Refused."""
    services = info.context.services
    return services.recorded_bytes.spent(
        services.pool, info.context.viewer.actor, namespace, report
    )


async def _execute(info: Info, id: UUID, command: Command, reason: str | None = None) -> None:
    await info.context.services.engine.execute(id, command, info.context.origin(reason))
    await recorded.extend(info.context.services.pool, id)


async def _own(info: Info, id: str) -> ExecutionRow:
    """Returns the row of an execution that the viewer recorded or, with ACT_ON_EXECUTION, may act on. Raises Refused
    NOT_FOUND or FORBIDDEN, without revealing what the viewer may not see."""
    key = await execution_for(info, id, Permission.RECORD)
    row: ExecutionRow | None = await info.context.loaders.execution.load(key)
    assert row
    viewer = info.context.viewer
    may_act = viewer.may(Permission.ACT_ON_EXECUTION, row["namespace"])
    if row["created_by"] != viewer.actor and not may_act:
        raise Refused.because(
            ProblemCode.FORBIDDEN,
            f"{row['created_by']} records this execution: others need the permission "
            f"{Permission.ACT_ON_EXECUTION.value} to report on it",
            "executionId",
        )
    return row


async def _recorded(info: Info, id: str) -> ExecutionRow:
    """Returns the row as `_own` does. Raises Refused INVALID_STATE for an execution that Headway runs."""
    row = await _own(info, id)
    if row["origin"] != "EXTERNAL":
        raise Refused.because(
            ProblemCode.INVALID_STATE,
            "Headway runs this execution, and its tasks report this themselves; "
            "record an external run with recordExecution",
        )
    return row


async def _alive(info: Info, id: UUID) -> Execution | None:
    await recorded.extend(info.context.services.pool, id)
    return await view_of(info, id)


def _refuse_foreign(info: Info, artifacts: list[ReportedArtifact]) -> None:
    for artifact in artifacts:
        if artifact.namespace:
            needs(info, Permission.RECORD, artifact.namespace, "artifacts")
