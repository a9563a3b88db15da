"""GraphQL documents of the command line."""

from typing import Final

from models.states import EXECUTION_ENDS, ExecutionState

_TASK_RUNS = """taskRuns { id key state progress message duration outputs error { code message exitCode }
  child { id name } cachedFrom { id name } attempts { number state worker exitCode error { message } } }"""
_LINKS = " ".join(
    f"{name} {{ id name state }}"
    for name in ("replayOf", "rerunOf", "cachedFrom", "parent", "children", "resolvedBy")
)
_SHOWN = f"""id name namespace flowKey kind state progress inputs outputs labels {{ key value }}
  duration createdAt startedAt endedAt createdBy {{ kind name }} {_TASK_RUNS} {_LINKS} originalId scheduledAt
  waitingFor {{ code message until taskRun {{ key }} execution {{ id name }} }}
  seq availableActions {{ action allowed reason }} notes {{ text at author {{ name }} }}
  failure {{ code message exitCode others attempt logLine taskRun {{ key }} skipped {{ key }} }}"""
MOST_METRICS: Final = 50_000
"""Maximum metric values of one response."""
WATCHED: Final = f"query ($id: ID!) {{ execution(id: $id) {{ {_SHOWN} }} }}"
SHOW: Final = f"""query ($id: ID!, $at: Int, $now: Boolean!) {{ execution(id: $id, at: $at) {{ {_SHOWN}
  origin idle onFailure revision {{ number }} properties git {{ commit branch repository author message }}
  stateHistory {{ seq state at actor {{ kind name }} reason }}
  approvals {{ state cannotDecideReason taskRun {{ key }} }}
  metrics(first: {MOST_METRICS}) {{ name value kind step tags at taskKey attempt }}
  latest: columns(names: ["metrics"]) @include(if: $now)
  artifacts {{ direction name version type uri digest size taskKey }} }} }}"""
TASK_STATES: Final = """query ($id: ID!, $at: Int) { execution(id: $id, at: $at) {
  taskRuns { key stateHistory { seq state at actor { name } reason } } } }"""
AUDIT: Final = """query ($where: AuditFilter, $first: Int) { auditLog(where: $where, first: $first) { nodes {
  id at action reason channel actor { kind name } target targetName namespace data } } }"""
REVISIONS: Final = "revision { number } flow { revision { number } }"
RERUN_FROM: Final = f"query ($id: ID!) {{ execution(id: $id) {{ seq {REVISIONS} }} }}"
TASKS: Final = "query ($id: ID!) { execution(id: $id) { taskRuns { id key } } }"
LIST: Final = """query (
  $where: ExecutionFilter, $search: String, $orderBy: ExecutionOrder, $orderByValue: ValueOrder, $first: Int) {
  executions(where: $where, search: $search, orderBy: $orderBy, orderByValue: $orderByValue, first: $first) {
  nodes { id name namespace flowKey kind state progress startedAt duration } } }"""
NAMED: Final = """query ($text: String!, $search: String!, $begins: Boolean!) {
  name: executions(where: {text: $text, name: {eq: $text}, archived: ANY, includeTests: true}, first: 6) {
    nodes { id name state } }
  begins: executions(where: {archived: ANY, includeTests: true}, search: $search, first: 6) @include(if: $begins) {
    nodes { id name state } } }"""
REQUESTS: Final = """query ($id: ID!) { approvals(where: {executionId: $id}, first: 200) { nodes {
  id message state decidedAt taskRun { key } votes { actor { name } decision comment } } }
  execution(id: $id) { name waitingFor { execution { id name } approval { id message } } } }"""
INBOX: Final = """query ($where: ApprovalFilter) { approvals(where: $where, first: 200) { nodes {
  id message requestedAt expiresAt canDecide cannotDecideReason
  groups { name users roles required given } form { id type required }
  execution { id name } taskRun { key } } } }"""
FLOW_OF: Final = "query ($id: ID!) { execution(id: $id) { namespace flowKey } }"
EVENTS: Final = """subscription ($id: ID!, $after: Int) { executionEvents(id: $id, after: $after) {
  seq at type toState attempt data taskRun { key } } }"""
_LINE = "line at level stream text taskKey attempt"
LOGS: Final = f"""subscription ($id: ID!, $task: ID, $level: LogLevel, $after: String) {{
  logs(executionId: $id, taskRunId: $task, minLevel: $level, after: $after) {{
    cursor complete lines {{ {_LINE} }} }} }}"""
LOG_PAGE: Final = f"""query ($id: ID!, $task: ID, $level: LogLevel, $after: String) {{ execution(id: $id) {{
  logs(taskRunId: $task, minLevel: $level, first: 200, after: $after) {{
    nodes {{ {_LINE} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"""
FLOWS: Final = """query ($after: String) { flows(first: 200, after: $after) {
  nodes { namespace key kind description revision { number } } pageInfo { hasNextPage endCursor } } }"""
FLOW: Final = """query ($namespace: String!, $key: String!) { flow(namespace: $namespace, key: $key) {
  namespace key kind description revision { number source createdAt } } }"""
WORKERS: Final = "{ viewer { version } workers { id name host queues concurrency running alive } }"
_MAY_WAIT: Final = ", ".join(
    state
    for state in ExecutionState
    if state not in {*EXECUTION_ENDS, ExecutionState.CREATED, ExecutionState.KILLING}
)
STANDING: Final = f"""query ($after: String) {{ executions(where: {{
  state: {{in: [{_MAY_WAIT}]}}, includeTests: true}},
  orderBy: CREATED_ASC, first: 200, after: $after) {{
  nodes {{ name waitingFor {{ code message }} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
INPUT_TYPES: Final = """query ($namespace: String!, $key: String!) { flow(namespace: $namespace, key: $key) {
  inputs { id type } } }"""
SECRETS: Final = """query ($namespace: String) { secrets(namespace: $namespace) {
  namespace name updatedAt } }"""
_SCHEDULE: Final = """id key source cron timezone inputs labels { key value } catchUp enabled next nextTicks
  last lastError lastExecution { id state } updatedBy { kind name } flow { namespace key }"""
SCHEDULES: Final = f"""query ($where: ScheduleFilter, $after: String) {{
  schedules(where: $where, first: 200, after: $after) {{
    nodes {{ {_SCHEDULE} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
BACKFILL: Final = "schedule { id } ticks { scheduledAt ranBefore execution { id state } }"
PREVIEW_BULK: Final = """preview { id action total wouldApply forbidden notFound
  notAllowed { code reason count samples { name } } }"""
_BULK: Final = "id action mode state progress counts { total done refused left }"
BULK: Final = f"subscription ($id: ID!) {{ bulk(id: $id) {{ {_BULK} }} }}"
BULK_REFUSED: Final = """query ($id: ID!, $after: String) { bulk(id: $id) {
  results(outcome: REFUSED, first: 200, after: $after) {
    nodes { executionId name problem { code message path } } pageInfo { hasNextPage endCursor } } } }"""
_CELLS: Final = "key differs values { value present differs }"
_CHANGE: Final = "delta percent differs"
COMPARE: Final = f"""query ($ids: [ID!]!, $only: Boolean) {{ compareExecutions(ids: $ids, onlyDifferences: $only) {{
  executions {{ id name }} about {{ {_CELLS} }} inputs {{ {_CELLS} }} outputs {{ {_CELLS} }} properties {{ {_CELLS} }}
  labels {{ {_CELLS} }} git {{ {_CELLS} }} durations {{ key differs values {{ value {_CHANGE} }} }}
  tasks {{ key differs values {{ taskRuns attempts states duration {_CHANGE} }} }}
  metrics {{ name taskKey tags kind differs values {{ value number {_CHANGE} }} }}
  artifacts {{ name direction differs values {{ versions differs }} }}
  states {{ differs steps {{ state at lasted }} }} }} }}"""
_NUMBERS: Final = """total ended succeeded failed successRate failureRate averageDuration p50Duration
  p95Duration"""
STATS: Final = f"""query ($search: String, $since: DateTime!, $until: DateTime, $bucket: Bucket!) {{
  executionStats(search: $search, since: $since, until: $until, bucket: $bucket) {{
    since until {_NUMBERS} states {{ state count {{ value }} }} buckets {{ start end {_NUMBERS} }}
    flows(first: 200) {{ namespace flowKey {_NUMBERS} }} kinds(first: 200) {{ kind {_NUMBERS} }} }} }}"""
DEBUG: Final = """query ($id: ID!, $expression: String!) {
  debugExpression(taskRunId: $id, expression: $expression) { value type error { message line column } } }"""

TOKENS = """query ($after: String) { tokens(first: 200, after: $after) {
  nodes { name permissions namespaces createdAt expiresAt revokedAt
  holder { kind name } holderDisabledAt createdBy { kind name } }
  pageInfo { hasNextPage endCursor } } }"""
PERMITTED = "{ viewer { permissions } }"
ROLES = "{ roles { name permissions } }"
GROUP_GRANTS = "{ groupGrants { group role namespace } }"
PRINCIPALS = """query ($after: String) { principals(first: 200, after: $after) {
  nodes { kind name disabledAt groups owner { kind name } grants { role namespace group } }
  pageInfo { hasNextPage endCursor } } }"""
