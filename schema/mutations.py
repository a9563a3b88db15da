"""The Mutation type, composed of one class for each folder."""

import strawberry

from schema.access.roots import AccessMutation
from schema.approval.mutations import ApprovalMutation
from schema.bulk.mutations import BulkMutation
from schema.execution.mutations import ExecutionMutation
from schema.external.mutations import RecordingMutation
from schema.flow.mutations import FlowMutation
from schema.schedule.mutations import ScheduleMutation
from schema.search.searches import SearchMutation
from schema.secret.mutations import SecretMutation


@strawberry.type
class Mutation(
    AccessMutation,
    ApprovalMutation,
    BulkMutation,
    ExecutionMutation,
    FlowMutation,
    RecordingMutation,
    ScheduleMutation,
    SearchMutation,
    SecretMutation,
):
    pass
