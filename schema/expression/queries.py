"""Evaluates an expression with the variables of a task run, for debugging."""

from typing import Self

import strawberry

from models.access.viewer import Permission
from runner.history.expression_debugger import Evaluated, EvaluationError, ValueType, names_seen
from schema.access_checks import needs_somewhere, visible_task_run
from schema.context import Info
from schema.loading.snapshots import row_of
from schema.scalars import JSON


@strawberry.type
class ExpressionError:
    message: str
    line: int | None
    column: int | None

    @classmethod
    def maybe(cls, wrong: EvaluationError | None) -> Self | None:
        return cls(message=wrong.message, line=wrong.line, column=wrong.column) if wrong else None


@strawberry.type
class ExpressionResult:
    value: JSON | None
    type: ValueType | None
    error: ExpressionError | None

    @classmethod
    def of(cls, tried: Evaluated) -> Self:
        return cls(
            value=JSON(tried.value), type=tried.type, error=ExpressionError.maybe(tried.error)
        )


@strawberry.type
class DebugQuery:
    @strawberry.field
    async def debug_expression(
        self, info: Info, task_run_id: strawberry.ID, expression: str
    ) -> ExpressionResult:
        needs_somewhere(info, Permission.VIEW_EXECUTION)
        services = info.context.services
        task = await visible_task_run(info, task_run_id)
        row = await row_of(info, task.execution_key)
        outside = await info.context.loaders.visibility.outside.load(task.execution_key)
        names = await names_seen(services.pool, services.engine.plans, row, task.key, outside)
        actor = info.context.viewer.actor
        return ExpressionResult.of(await services.debugger.evaluate(expression, names, actor))
