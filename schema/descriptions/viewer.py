from typing import Final

from schema.descriptions.words import ID, Words, up_to

VIEWER: Final[Words] = {
    "Viewer": (
        "Who asks.",
        {
            "actor": "As whom the events record what the viewer does.",
            "permissions": "What the viewer may do, in one namespace at least.",
            "permissions(namespace)": "Only what they may do in this one.",
            **up_to("roles", 1_000),
            "roles": "The roles that the viewer holds, and where.",
            "groups": "The groups that the viewer is a member of.",
            "version": "The release of the server that answers.",
        },
    ),
    "Actor": (
        "Who did something.",
        {
            "kind": "What kind of actor it is.",
            "name": "Its name among its kind: a user's or token's name, a worker's id; `engine` for the engine.",
        },
    ),
    "ActorKind": (
        "The kinds of those who act.",
        {
            "USER": "A person.",
            "SERVICE": "A program.",
            "TOKEN": "A program of an earlier release, by the name of its token.",
            "WORKER": "A process that carries out attempts.",
            "SCHEDULE": "A schedule of a flow.",
            "ENGINE": "Headway itself.",
            "SETTING": "A setting of a server, which grants roles at its start; the name is that of the setting.",
            "ANONYMOUS": "Somebody who was not let in; the name is the network that they came from.",
        },
    ),
    "Channel": (
        "The way by which a command came.",
        {
            "API": "The GraphQL API, by a program.",
            "UI": "The page.",
            "CLI": "The command line.",
            "ENGINE": "None: the engine acted by itself.",
        },
    ),
    "Permission": (
        "What one may do. Roles are made of these.",
        {
            "LIST_FLOWS": "See flows and their source.",
            "VIEW_EXECUTION": "See executions, their events, outputs, metrics, artifacts and approvals.",
            "VIEW_LOGS": "Read what tasks wrote.",
            "RUN_FLOW": "Start executions.",
            "ACT_ON_EXECUTION": "Cancel, pause, resume, retry and label executions.",
            "CHANGE_STATE": "Set the state of what has ended.",
            "APPROVE": "Decide approvals whose policy allows it.",
            "OVERRIDE_APPROVAL": "Decide or pass by an approval against its policy, with a reason; it is marked.",
            "UPDATE_FLOW": "Save flows.",
            "RECORD": "Record executions that ran elsewhere.",
            "READ_AUDIT": "Read the audit log.",
            "MANAGE": "Manage secrets, services and roles; delete executions.",
        },
    ),
    "Worker": (
        "A process that takes attempts from queues and runs them.",
        {
            "id": ID,
            "name": "Host and process id.",
            "host": "The machine that it runs on.",
            "queues": "The queues that it takes from.",
            "concurrency": "How many attempts it runs at once.",
            "running": "How many attempts it runs now.",
            "startedAt": "When it began to serve.",
            "heartbeatAt": "When it was last heard of.",
            "alive": "Whether it was heard of within the time of a lease, 10 seconds, and was not told to stop.",
        },
    ),
}
