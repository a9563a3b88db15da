"""Registers the enums of the domain, and defines those that only the API has."""

from enum import Enum

import strawberry

from models import bulk, states
from models.access.viewer import Permission
from models.errors import ProblemCode
from models.events.event_types import EventType
from models.lifecycle.actions import Action
from models.lifecycle.reruns.rerun_plan import TaskPlan
from models.lifecycle.waiting import WaitingCode
from models.links import DependencyKind
from models.orders import ExecutionOrder, SortDirection
from models.schedule import CatchUp, ScheduleSource
from models.spec import InputType
from models.statistics.buckets import Bucket
from models.trigger_kinds import TriggerKind
from runner.history.expression_debugger import ValueType
from runner.store.lists.facets import FacetField

for _enum in (
    states.ExecutionState,
    states.TaskRunState,
    states.AttemptState,
    states.ApprovalState,
    states.FailureAction,
    states.CommentRule,
    states.VoteDecision,
    states.LabelMode,
    states.Channel,
    states.Origin,
    states.OnTimeout,
    states.OnReject,
    states.ConcurrencyBehavior,
    bulk.BulkMode,
    bulk.BulkState,
    bulk.BulkOutcome,
    TaskPlan,
    ProblemCode,
    EventType,
    Action,
    WaitingCode,
    InputType,
    CatchUp,
    ScheduleSource,
    Permission,
    ExecutionOrder,
    SortDirection,
    FacetField,
    Bucket,
    ValueType,
    DependencyKind,
    TriggerKind,
):
    strawberry.enum(_enum)


@strawberry.enum
class ActorKind(Enum):
    USER = "user"
    SERVICE = "service"
    TOKEN = "token"
    WORKER = "worker"
    SCHEDULE = "schedule"
    ENGINE = "engine"
    SETTING = "setting"
    ANONYMOUS = "anonymous"


@strawberry.enum
class TaskSection(Enum):
    TASKS = "tasks"
    ERRORS = "errors"
    FINALLY = "finally"


@strawberry.enum
class LogLevel(Enum):
    TRACE = 0
    DEBUG = 10
    INFO = 20
    WARN = 30
    ERROR = 40


@strawberry.enum
class LogStream(Enum):
    STDOUT = 1
    STDERR = 2
    SYSTEM = 3


@strawberry.enum
class MetricKind(Enum):
    COUNTER = "counter"
    DURATION = "duration"
    GAUGE = "gauge"


@strawberry.enum
class ArtifactDirection(Enum):
    IN = "IN"
    OUT = "OUT"


@strawberry.enum
class LineageDirection(Enum):
    UPSTREAM = "UPSTREAM"
    DOWNSTREAM = "DOWNSTREAM"
    BOTH = "BOTH"


@strawberry.enum
class ArchivedChoice(Enum):
    NO = (False,)
    YES = (True,)
    ANY = (False, True)


@strawberry.enum
class FlowOrder(Enum):
    NAME_ASC = "NAME_ASC"
    UPDATED_DESC = "UPDATED_DESC"


@strawberry.enum
class LeaveReason(Enum):
    NO_LONGER_MATCHES = "NO_LONGER_MATCHES"
    MOVED = "MOVED"
    BEYOND_WINDOW = "BEYOND_WINDOW"
    DELETED = "DELETED"
