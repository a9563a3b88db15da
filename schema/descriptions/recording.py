from typing import Final

from schema.descriptions.words import (
    AFTER,
    AT_LARGE,
    DOWNLOAD_URL,
    ID,
    PREVIEW_URL,
    REASON,
    TASK_KEY,
    TASK_RUN_ID,
    Words,
    up_to,
)

_EXECUTION: Final = "The execution, which must be one from elsewhere."
_DIGEST: Final = "Of its content, as `sha256:` and hexadecimal; null when it is not known."
_SIZE: Final = "In bytes; null when it is not known."
_TOLD_KEY: Final = (
    "The task run that it belongs to, known already or not. Without it, the execution as a whole."
)
_TOLD_ATTEMPT: Final = "The number of the attempt that it belongs to, from 1."
_PLACED: Final = (
    "now by default. Of an execution that is recorded afterwards, as long after its beginning as this is told after "
    "the recording."
)

RECORDING: Final[Words] = {
    "Artifact": (
        "Something that is used and made: a file in the artifact store, or anything with a URI. "
        "Namespace, name and version say which it is, whoever tells of it.",
        {
            "id": ID,
            "namespace": "The namespace that its name belongs to.",
            "name": "Its name.",
            "version": "Its version: as it was told, else the beginning of its digest, else a number.",
            "type": "What it is, as `File`, `Dataset` or `Model`.",
            "uri": "Where it is, as it was first told.",
            "digest": _DIGEST,
            "size": _SIZE,
            "properties": "What was said of it, by name.",
            "createdAt": "When it was first recorded.",
            "downloadUrl": DOWNLOAD_URL,
            "previewUrl": PREVIEW_URL,
            "versions": "All of its name, this one too, the newest first; at most 200.",
            **up_to("uses", 200),
            "uses": "Who used and made it, the newest first.",
            "uses(direction)": "Only who used it, or only who made it.",
            **up_to("executions", 200),
            "executions": "The executions that used and made it, the newest first.",
            "executions(direction)": "Only those that used it, or only those that made it.",
        },
    ),
    "ArtifactUse": (
        "An execution used or made an artifact.",
        {
            "id": ID,
            "artifact": "The artifact; null when it may not be seen.",
            "execution": "The execution; null when it may not be seen.",
            "name": "The artifact's name.",
            "type": "What the artifact is, as `File`, `Dataset` or `Model`.",
            "version": "The artifact's version.",
            "uri": "Where the copy is that was used or made.",
            "digest": _DIGEST,
            "size": _SIZE,
            "direction": "Whether it was used or made.",
            "properties": "What was said of it here, by name.",
            "taskRunId": f"{TASK_RUN_ID} {AT_LARGE}",
            "taskKey": f"{TASK_KEY} {AT_LARGE}",
            "createdAt": "When it was recorded.",
            "downloadUrl": DOWNLOAD_URL,
            "previewUrl": PREVIEW_URL,
        },
    ),
    "ArtifactEdge": ("A place in a list of artifacts.", {"node": "The artifact.", "cursor": AFTER}),
    "ArtifactConnection": (
        "A page of artifacts.",
        {
            "edges": "The artifacts with their cursors.",
            "nodes": "The artifacts.",
            "pageInfo": "Where the page is in the list.",
            "totalCount": "How many match.",
        },
    ),
    "ArtifactFilter": (
        "Which artifacts. All that is given must hold.",
        {
            "namespace": "Of the namespace.",
            "name": "Of the name.",
            "type": "Of the type.",
            "version": "Of the version.",
            "uri": "Of where it is.",
            "digest": "With this digest.",
            "executionId": "Used or made by this execution.",
            "direction": "Used, or made, by some execution, or by that one.",
        },
    ),
    "LineageDirection": (
        "Which way lineage is followed.",
        {
            "UPSTREAM": "To what it came from.",
            "DOWNSTREAM": "To what came of it.",
            "BOTH": "Both ways, each by itself: not to what else came of what it came from.",
        },
    ),
    "LineageNode": ("An execution or an artifact.", {}),
    "LineageEdge": (
        "Data went from an artifact to an execution that used it, or from an execution to an artifact that it made.",
        {
            "from": "The id of the node that it comes from.",
            "to": "The id of the node that it goes to.",
            "direction": "IN when the execution used the artifact, OUT when it made it.",
            "taskKey": f"The key of the task run that did. {AT_LARGE}",
        },
    ),
    "LineageGraph": (
        "Executions and artifacts, and how data went between them. What may not be seen is left out.",
        {
            "nodes": "Executions, then artifacts, each the newest first; at most 1000.",
            "edges": "The uses between them.",
            "truncated": "Whether there was more than is shown.",
        },
    ),
    "Pipeline": (
        "What is recorded from elsewhere under one name.",
        {
            "namespace": "Its namespace.",
            "key": "Its name.",
            "kinds": "The kinds, or stages, of its executions.",
            "executionCount": "How many executions there are, counted up to 10000.",
        },
    ),
    "GitInput": (
        "The code that ran.",
        {
            "commit": "The commit's hash.",
            "branch": "The branch.",
            "repository": "Where the repository is.",
            "author": "Who wrote the commit.",
            "message": "The commit's message.",
        },
    ),
    "TaskErrorInput": (
        "Why something failed.",
        {"code": "Short and stable, FAILED by default.", "message": "The error, in words."},
    ),
    "RecordExecutionInput": (
        "An execution that runs, or ran, elsewhere.",
        {
            "namespace": "The namespace to record it in.",
            "pipeline": "Whose run it is: 1 to 100 of `a-z 0-9 _ -`. No flow needs to have this key.",
            "kind": "Its type or stage, as `train`; `external` by default.",
            "name": "Its name; the pipeline and a short suffix by default.",
            "inputs": "An object of its parameters.",
            "properties": "An object of what else is to be known of it.",
            "labels": "To find it by.",
            "git": "The code that runs.",
            "started": "False: it waits to start, until a heartbeat, a task run that has started, or its end is told.",
            "createdAt": "When it was created; `startedAt` by default, else now. Its id is one of that time, so "
            "that it stands where it happened in every list and count. Not after `startedAt`.",
            "startedAt": "When it started; `createdAt` by default, else now. Not in the future.",
            "heartbeatTtl": "Seconds, 1 to 604800: when nothing is heard of it for so long, it ends in ERROR. "
            "Without it, it may be silent.",
            "idempotencyKey": "The same key again, with the same input, gives the first execution and records nothing. "
            "Kept for 7 days for each actor.",
            "reason": REASON,
        },
    ),
    "RecordTaskRunInput": (
        "What is told of a task run. What is left out stays as it was told before.",
        {
            "executionId": _EXECUTION,
            "key": "The key of the task run; the first time that it is told of makes it.",
            "state": "Its state: CREATED, QUEUED, RUNNING, RETRYING or an end. One that comes before what is known "
            "is passed over.",
            "attempt": "The number of the attempt, from 1; the newest known by default. Attempts are told in order: "
            "what is told of an earlier one than the newest is passed over.",
            "startedAt": "When the attempt started; when it was told by default. "
            "Needed of an execution that is recorded afterwards, as `endedAt` is.",
            "endedAt": "When it ended; when it was told by default, or when its execution ended.",
            "progress": "From 0 to 1.",
            "message": "What it says of its progress.",
            "inputs": "An object, merged into what is known.",
            "outputs": "An object, merged into what is known.",
            "error": "Why it failed.",
            "exitCode": "Of its process.",
            "reason": REASON,
        },
    ),
    "MetricInput": (
        "A number that was measured.",
        {
            "name": "What it is.",
            "value": "The number; of a DURATION in seconds.",
            "kind": "How its values go together, GAUGE by default.",
            "step": "The step that it belongs to, as an epoch.",
            "tags": "An object that tells it from others of its name.",
            "at": f"When it was measured; {_PLACED}",
            "taskKey": _TOLD_KEY,
            "attempt": _TOLD_ATTEMPT,
            "idempotencyKey": "Of this metric within its execution: the first that is told with a key stands.",
        },
    ),
    "RecordMetricsInput": (
        "What was measured.",
        {
            "executionId": _EXECUTION,
            "metrics": "At most 5000.",
            "idempotencyKey": "The same key again records nothing; with other metrics it is refused. Without a key, "
            "a metric that equals one that was told, in all that is told of it, is the same metric.",
        },
    ),
    "LogLineInput": (
        "Text that was written.",
        {
            "text": "A line, or several. A line of more than 32 KiB is cut into several; secrets of the namespace are "
            "masked.",
            "level": "How much it matters; INFO by default, of STDERR WARN.",
            "stream": "Where it was written, STDOUT by default.",
            "at": f"When it was written; {_PLACED}",
            "taskKey": _TOLD_KEY,
            "attempt": f"{_TOLD_ATTEMPT} The newest known by default.",
        },
    ),
    "RecordLogsInput": (
        "What was written.",
        {
            "executionId": _EXECUTION,
            "lines": "At most 5000, all or none; an execution has a million.",
            "idempotencyKey": "The same key again adds nothing; with other lines it is refused. Without a key every "
            "call adds its lines.",
        },
    ),
    "ArtifactInput": (
        "Something that was used or made.",
        {
            "uri": "Where it is.",
            "direction": "Whether it was used or made.",
            "name": "Its name; the last part of the uri by default.",
            "namespace": "The namespace that its name belongs to; the execution's by default.",
            "type": "What it is, as `Dataset` or `Model`; `File` by default.",
            "version": "Its version. Without one: the beginning of the digest; else what this execution told "
            "of this uri; else, when it is used, the newest of its name; else the next number.",
            "digest": "Of its content, as `sha256:` and hexadecimal. A version that is known with another is refused.",
            "size": "In bytes.",
            "properties": "An object of what is to be known of it.",
            "taskKey": _TOLD_KEY,
            "attempt": _TOLD_ATTEMPT,
        },
    ),
    "RecordArtifactsInput": (
        "What was used and made.",
        {"executionId": _EXECUTION, "artifacts": "At most 5000; all are recorded, or none."},
    ),
    "RecordPropertiesInput": (
        "What is to be known of an execution.",
        {
            "executionId": "The execution, wherever it runs.",
            "properties": "An object, merged into the properties that it has.",
            "git": "The code that ran, merged into what is known.",
            "reason": REASON,
        },
    ),
    "FinishExecutionInput": (
        "The end of an execution.",
        {
            "executionId": _EXECUTION,
            "state": "The end: SUCCESS, WARNING, FAILED, KILLED, REJECTED, ERROR or "
            "CACHED; or, of one that has not started, CANCELLED.",
            "endedAt": "When it ended; now by default. Needed of one that began more than an hour before it was "
            "recorded and promised no heartbeat.",
            "outputs": "An object of what came of it; with `cachedFrom` by default what came of that one.",
            "error": "Why it failed.",
            "cachedFrom": "Of what ends CACHED: the execution whose results are reused, one that ended well.",
            "reason": REASON,
        },
    ),
    "HeartbeatInput": ("A sign of life.", {"executionId": _EXECUTION}),
}
