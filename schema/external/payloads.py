"""The payloads of the mutations that record external runs."""

import strawberry

from schema.execution.payloads import CreateExecutionPayload


@strawberry.type
class RecordExecutionPayload(CreateExecutionPayload):
    pass


@strawberry.type
class RecordTaskRunPayload(CreateExecutionPayload):
    pass


@strawberry.type
class RecordMetricsPayload(CreateExecutionPayload):
    pass


@strawberry.type
class RecordLogsPayload(CreateExecutionPayload):
    pass


@strawberry.type
class RecordArtifactsPayload(CreateExecutionPayload):
    pass


@strawberry.type
class RecordPropertiesPayload(CreateExecutionPayload):
    pass


@strawberry.type
class FinishExecutionPayload(CreateExecutionPayload):
    pass


@strawberry.type
class HeartbeatPayload(CreateExecutionPayload):
    pass
