from typing import Final

from schema.descriptions.shared_texts import ID, Descriptions, up_to

VIEWER: Final[Descriptions] = {
    "Viewer": (
        "The caller.",
        {
            "actor": "The actor under which the viewer's actions are recorded.",
            "permissions": "The permissions that the viewer has in at least one namespace.",
            "permissions(namespace)": "Only permissions in this namespace.",
            **up_to("roles", 1_000),
            "roles": "The roles of the viewer, with their namespaces.",
            "groups": "The groups of the viewer.",
            "version": "The release of the server.",
        },
    ),
    "Actor": (
        "Who did something.",
        {
            "kind": "The kind of actor.",
            "name": "The name, unique among actors of its kind: of a user or token, the id of a worker, or `engine`.",
        },
    ),
    "ActorKind": (
        "The kinds of actors.",
        {
            "USER": "A person.",
            "SERVICE": "A program.",
            "TOKEN": "A program in data of an earlier release, by the name of its token.",
            "WORKER": "A process that runs attempts.",
            "SCHEDULE": "A schedule of a flow.",
            "ENGINE": "Headway itself.",
            "SETTING": "A server setting that grants roles at startup; the name is that of the setting.",
            "ANONYMOUS": "Somebody whose authentication failed; the name is their network.",
        },
    ),
    "Channel": (
        "The channel of a command.",
        {
            "API": "The GraphQL API, by a program.",
            "UI": "The web UI.",
            "CLI": "The command line.",
            "ENGINE": "The engine, acting by itself.",
        },
    ),
    "Permission": (
        "The permissions. Roles consist of these.",
        {
            "LIST_FLOWS": "See flows and their source.",
            "VIEW_EXECUTION": "See executions, their events, outputs, metrics, artifacts and approvals.",
            "VIEW_LOGS": "Read logs.",
            "RUN_FLOW": "Start executions.",
            "ACT_ON_EXECUTION": "Cancel, pause, resume, retry and label executions.",
            "CHANGE_STATE": "Change the terminal state of executions and task runs.",
            "APPROVE": "Decide approvals whose policy allows it.",
            "OVERRIDE_APPROVAL": "Decide or bypass an approval against its policy, with a reason; it is marked.",
            "UPDATE_FLOW": "Save flows.",
            "RECORD": "Record external runs.",
            "READ_AUDIT": "Read the audit log.",
            "MANAGE": "Manage secrets, services and roles; delete executions.",
        },
    ),
    "Worker": (
        "A process that takes attempts from queues and runs them.",
        {
            "id": ID,
            "name": "Host and process id.",
            "host": "The machine of the worker.",
            "queues": "The queues that it serves.",
            "concurrency": "The maximum number of attempts that it runs at once.",
            "running": "The number of attempts that it is running.",
            "startedAt": "When the worker started.",
            "heartbeatAt": "The time of the last heartbeat.",
            "alive": "Whether its last heartbeat is within the lease time, 10 seconds, and it is not shutting down.",
        },
    ),
}
