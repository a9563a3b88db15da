"""Builds the command for each row of a set."""

from dataclasses import dataclass, replace

from models.access.viewer import Permission, Viewer, not_permitted
from models.bulk import VOTES, Instruction, vote
from models.errors import ProblemCode, Refused
from models.events.events import CommandOrigin
from models.ids import new_id, typed
from models.lifecycle.action_permissions import PERMISSIONS
from models.lifecycle.actions import Action
from models.lifecycle.commands.commands import ChangeState, SetLabels
from runner.engine.engine import Engine
from runner.engine.request import CommandRequest
from runner.expressions.evaluator import Evaluator
from runner.launch.reruns import Replay, prepare_replay
from runner.service.encryption import Cipher
from runner.store.bulk import Item
from runner.store.execution.snapshots import read_executions
from runner.store.postgres.connection import Pool


@dataclass(frozen=True, slots=True)
class RequestBuilder:
    """Builds the commands for all rows of one set."""

    pool: Pool
    engine: Engine
    evaluator: Evaluator
    cipher: Cipher
    instruction: Instruction
    origin: CommandOrigin
    viewer: Viewer
    """The person who started the set, with their current permissions."""

    @property
    def prepared(self) -> bool:
        """True if each row needs reads before its command is submitted."""
        return self.instruction.action in VOTES or self.instruction.action is Action.REPLAY

    async def build(self, item: Item, unchanged: bool = False) -> CommandRequest:
        """Builds the command for a row; raises Refused. With `unchanged` the engine refuses the command if the state
        has changed since the preview."""
        action = self.instruction.action
        permission = PERMISSIONS[action]
        if not self.viewer.may(permission, item.namespace):
            sentence = not_permitted(permission, item.namespace)
            raise Refused.because(ProblemCode.FORBIDDEN, sentence)
        if action is Action.REPLAY:
            return await self._replay(item)
        origin = replace(self.origin, expected_seq=item.state_seq) if unchanged else self.origin
        if action in VOTES:
            found = await read_executions(self.pool, self.engine.plans, [item.execution_id])
            if item.execution_id not in found:
                raise Refused.not_found("no such execution")
            execution = found[item.execution_id]
            roles = self.viewer.roles_in(execution.plan.spec.namespace)
            cast = vote(execution, action, roles, self.origin.reason)
            command = replace(cast, same_person=self.viewer.same_person)
            return CommandRequest(item.execution_id, command, origin, bulk_item=item.place)
        common = self.instruction.command(new_id())
        if isinstance(common, ChangeState | SetLabels):
            may = self.viewer.may(Permission.OVERRIDE_APPROVAL, item.namespace)
            common = replace(common, may_override=may)
        return CommandRequest(item.execution_id, common, origin, bulk_item=item.place)

    async def _replay(self, item: Item) -> CommandRequest:
        """Builds the command for a replay. Its idempotency key ensures one execution, even if it is submitted again."""
        key = f"{typed('bulk', item.place.bulk_id)}:{item.place.position}"
        instruction = self.instruction
        wanted = Replay(
            item.execution_id,
            instruction.from_task,
            bool(instruction.latest),
            idempotency_key=key,
            permissions=self.viewer.permissions_in(item.namespace),
        )
        scope = self.viewer.scope_of(Permission.RUN_FLOW)
        command, _ = await prepare_replay(
            self.pool, self.engine.plans, self.evaluator, self.cipher, scope, wanted
        )
        return CommandRequest(None, command, self.origin, bulk_item=item.place)
