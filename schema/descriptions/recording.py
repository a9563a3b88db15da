from typing import Final

from schema.descriptions.shared_texts import (
    AFTER,
    DOWNLOAD_URL,
    ID,
    NULL_FOR_EXECUTION,
    PREVIEW_URL,
    REASON,
    TASK_KEY,
    TASK_RUN_ID,
    Descriptions,
    up_to,
)

_EXECUTION: Final = "The execution, which must be an external run."
_DIGEST: Final = "The digest of the content, as `sha256:` and hexadecimal; null if unknown."
_SIZE: Final = "Size in bytes; null if unknown."
_TASK_KEY_INPUT: Final = (
    "The key of the task run, which need not exist yet. Without it, the execution as a whole."
)
_ATTEMPT_INPUT: Final = "The number of the attempt, from 1."
_TIME_DEFAULT: Final = (
    "now by default; for an execution recorded after the fact, its start plus the time since "
    "it was recorded."
)

RECORDING: Final[Descriptions] = {
    "Artifact": (
        "A file in the artifact store, or anything with a URI, that executions use or make. Namespace, name and "
        "version identify it, independently of who reports it.",
        {
            "id": ID,
            "namespace": "The namespace of the name.",
            "name": "The name.",
            "version": "The version: as reported, else the start of the digest, else a number.",
            "type": "The type, such as `File`, `Dataset` or `Model`.",
            "uri": "The URI that was reported first.",
            "digest": _DIGEST,
            "size": _SIZE,
            "properties": "The reported properties, by name.",
            "createdAt": "When the artifact was first recorded.",
            "downloadUrl": DOWNLOAD_URL,
            "previewUrl": PREVIEW_URL,
            "versions": "All versions of this name, including this one, newest first; at most 200.",
            **up_to("uses", 200),
            "uses": "The uses of the artifact by executions, newest first.",
            "uses(direction)": "Only uses as an input, or only as an output.",
            **up_to("executions", 200),
            "executions": "The executions that used or made it, newest first.",
            "executions(direction)": "Only executions that used it, or only those that made it.",
        },
    ),
    "ArtifactUse": (
        "A use of an artifact by an execution, as an input or an output.",
        {
            "id": ID,
            "artifact": "The artifact; null if the viewer may not see it.",
            "execution": "The execution; null if the viewer may not see it.",
            "name": "The name of the artifact.",
            "type": "The type of the artifact, such as `File`, `Dataset` or `Model`.",
            "version": "The version of the artifact.",
            "uri": "The URI of the copy that was used or made.",
            "digest": _DIGEST,
            "size": _SIZE,
            "direction": "Whether the execution used or made it.",
            "properties": "The properties reported with this use, by name.",
            "taskRunId": f"{TASK_RUN_ID} {NULL_FOR_EXECUTION}",
            "taskKey": f"{TASK_KEY} {NULL_FOR_EXECUTION}",
            "createdAt": "When the use was recorded.",
            "downloadUrl": DOWNLOAD_URL,
            "previewUrl": PREVIEW_URL,
        },
    ),
    "ArtifactEdge": ("An artifact with its cursor.", {"node": "The artifact.", "cursor": AFTER}),
    "ArtifactConnection": (
        "A page of artifacts.",
        {
            "edges": "The artifacts with their cursors.",
            "nodes": "The artifacts.",
            "pageInfo": "The position of the page in the list.",
            "totalCount": "The number of matching artifacts.",
        },
    ),
    "ArtifactFilter": (
        "Conditions on artifacts. All given conditions must hold.",
        {
            "namespace": "The namespace.",
            "name": "The name.",
            "type": "The type.",
            "version": "The version.",
            "uri": "The URI.",
            "digest": "The digest.",
            "executionId": "Used or made by this execution.",
            "direction": "Used, or made, by any execution, or by the one of `executionId`.",
        },
    ),
    "LineageDirection": (
        "The direction in which lineage is followed.",
        {
            "UPSTREAM": "Towards the origins.",
            "DOWNSTREAM": "Towards the results.",
            "BOTH": "Both directions, each on its own: other results of the same origins are not included.",
        },
    ),
    "LineageNode": ("An execution or an artifact.", {}),
    "LineageEdge": (
        "A flow of data: from an artifact to an execution that used it, or from an execution to an artifact that it "
        "made.",
        {
            "from": "The id of the source node.",
            "to": "The id of the target node.",
            "direction": "IN if the execution used the artifact, OUT if it made it.",
            "taskKey": f"The key of the task run that used or made it. {NULL_FOR_EXECUTION}",
        },
    ),
    "LineageGraph": (
        "Executions and artifacts, and the flow of data between them. Nodes that the viewer may not see are omitted.",
        {
            "nodes": "Executions, then artifacts, each newest first; at most 1000.",
            "edges": "The uses between them.",
            "truncated": "Whether nodes were omitted because of the limit.",
        },
    ),
    "Pipeline": (
        "The external runs recorded under one name.",
        {
            "namespace": "The namespace.",
            "key": "The name.",
            "kinds": "The kinds, or stages, of the executions.",
            "executionCount": "The number of executions, counted up to 10 000.",
        },
    ),
    "GitInput": (
        "The code that ran.",
        {
            "commit": "The hash of the commit.",
            "branch": "The branch.",
            "repository": "The URL or path of the repository.",
            "author": "The author of the commit.",
            "message": "The message of the commit.",
        },
    ),
    "TaskErrorInput": (
        "The reason of a failure.",
        {"code": "A short, stable code; FAILED by default.", "message": "The error message."},
    ),
    "RecordExecutionInput": (
        "An external run to record.",
        {
            "namespace": "The namespace to record the execution in.",
            "pipeline": "The name of the pipeline: 1 to 100 characters of `a-z 0-9 _ -`. A flow with this key need "
            "not exist.",
            "kind": "The type or stage, such as `train`; `external` by default.",
            "name": "The name of the execution; the pipeline and a short suffix by default.",
            "inputs": "An object of parameters.",
            "properties": "An object of further properties.",
            "labels": "Labels to find the execution by.",
            "git": "The code that runs.",
            "started": "False: the execution has not started. It starts with a heartbeat, with a task run that has "
            "started, or when its end is reported.",
            "createdAt": "When the execution was created; `startedAt` by default, else now. The id is derived from "
            "it, so that lists and counts show the execution at that time. Not after `startedAt`.",
            "startedAt": "When the execution started; `createdAt` by default, else now. Not in the future.",
            "heartbeatTtl": "Seconds, 1 to 604800: if nothing is reported for that long, the execution ends in "
            "ERROR. Without it, there is no limit.",
            "idempotencyKey": "A repeated call with the same key and input returns the first execution and records "
            "nothing. Kept for 7 days for each actor.",
            "reason": REASON,
        },
    ),
    "RecordTaskRunInput": (
        "A report of a task run. Omitted fields keep their reported values.",
        {
            "executionId": _EXECUTION,
            "key": "The key of the task run; the first report creates the task run.",
            "state": "The state: CREATED, QUEUED, RUNNING, RETRYING or a terminal state. A state earlier than the "
            "current one is ignored.",
            "attempt": "The number of the attempt, from 1; the newest by default. Attempts are reported in order: "
            "reports of an attempt before the newest are ignored.",
            "startedAt": "When the attempt started; the time of the report by default. Required for an execution "
            "recorded after the fact, like `endedAt`.",
            "endedAt": "When the attempt ended; the time of the report by default, or the end of the execution.",
            "progress": "From 0 to 1.",
            "message": "A progress message.",
            "inputs": "An object, merged into the reported inputs.",
            "outputs": "An object, merged into the reported outputs.",
            "error": "The reason of the failure.",
            "exitCode": "The exit code of the process.",
            "reason": REASON,
        },
    ),
    "MetricInput": (
        "A metric value to record.",
        {
            "name": "The name of the metric.",
            "value": "The number; for a DURATION in seconds.",
            "kind": "How values are combined, GAUGE by default.",
            "step": "The step, such as an epoch.",
            "tags": "An object of tags that distinguish it from other metrics of the same name.",
            "at": f"When it was measured; {_TIME_DEFAULT}",
            "taskKey": _TASK_KEY_INPUT,
            "attempt": _ATTEMPT_INPUT,
            "idempotencyKey": "A key of this value, unique in the execution: only the first value with a key is "
            "recorded.",
        },
    ),
    "RecordMetricsInput": (
        "Metric values to record.",
        {
            "executionId": _EXECUTION,
            "metrics": "At most 5000.",
            "idempotencyKey": "A repeated call with the same key records nothing; with other metrics it is refused. "
            "Without a key, a metric that equals a recorded one in every field is not recorded again.",
        },
    ),
    "LogLineInput": (
        "Text to add to the log.",
        {
            "text": "One or more lines. A line of more than 32 KiB is split; secrets of the namespace are masked.",
            "level": "The level; INFO by default, WARN for STDERR.",
            "stream": "The stream, STDOUT by default.",
            "at": f"When it was written; {_TIME_DEFAULT}",
            "taskKey": _TASK_KEY_INPUT,
            "attempt": f"{_ATTEMPT_INPUT} The newest attempt by default.",
        },
    ),
    "RecordLogsInput": (
        "Log lines to record.",
        {
            "executionId": _EXECUTION,
            "lines": "At most 5000, all or none; an execution holds at most a million lines.",
            "idempotencyKey": "A repeated call with the same key adds nothing; with other lines it is refused. "
            "Without a key, every call adds its lines.",
        },
    ),
    "ArtifactInput": (
        "An artifact that was used or made.",
        {
            "uri": "The URI of the artifact.",
            "direction": "Whether it was used or made.",
            "name": "The name; the last part of the URI by default.",
            "namespace": "The namespace of the name; the execution's by default.",
            "type": "The type, such as `Dataset` or `Model`; `File` by default.",
            "version": "The version. By default: the start of the digest; else the version that this execution "
            "reported for this URI; else, for a used artifact, the newest of this name; else the next number.",
            "digest": "The digest of the content, as `sha256:` and hexadecimal. A different digest for an existing "
            "version is refused.",
            "size": "Size in bytes.",
            "properties": "An object of further properties.",
            "taskKey": _TASK_KEY_INPUT,
            "attempt": _ATTEMPT_INPUT,
        },
    ),
    "RecordArtifactsInput": (
        "Artifacts that were used or made.",
        {"executionId": _EXECUTION, "artifacts": "At most 5000; all are recorded, or none."},
    ),
    "RecordPropertiesInput": (
        "Properties to set on an execution.",
        {
            "executionId": "The execution, whether it runs here or elsewhere.",
            "properties": "An object, merged into the existing properties.",
            "git": "The code that ran, merged into the existing git information.",
            "reason": REASON,
        },
    ),
    "FinishExecutionInput": (
        "The end of an execution.",
        {
            "executionId": _EXECUTION,
            "state": "The terminal state: SUCCESS, WARNING, FAILED, KILLED, REJECTED, ERROR or CACHED; or CANCELLED "
            "for an execution that has not started.",
            "endedAt": "When the execution ended; now by default. Required if the execution started more than an "
            "hour before it was recorded and has no `heartbeatTtl`.",
            "outputs": "An object of outputs; with `cachedFrom`, by default the outputs of that execution.",
            "error": "The reason of the failure.",
            "cachedFrom": "For CACHED: the successful execution whose results are reused.",
            "reason": REASON,
        },
    ),
    "HeartbeatInput": ("A sign of life.", {"executionId": _EXECUTION}),
}
