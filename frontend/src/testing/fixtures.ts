import type {
  ApprovalViewFragment,
  ExecutionRowFragment,
  ExecutionSnapshotQuery,
  InboxItemFragment,
  LogRowFragment,
  TaskRunRowFragment,
} from "@/shared/graphql/gen/graphql";

const AT = "2026-01-14T02:00:00.000000Z";

export function aRow(
  over: Partial<ExecutionRowFragment> = {},
): ExecutionRowFragment & { __typename: "Execution" } {
  return {
    __typename: "Execution",
    id: "exec_2",
    seq: 3,
    name: "nightly-orders-2",
    namespace: "acme.data",
    flowKey: "nightly-orders",
    kind: "etl",
    state: "RUNNING",
    progress: 0.42,
    createdAt: AT,
    startedAt: AT,
    endedAt: null,
    idle: 0,
    idleSince: null,
    duration: null,
    triggerKind: "MANUAL",
    createdBy: { kind: "USER", name: "admin" },
    labels: [],
    git: null,
    revision: null,
    durationStats: null,
    values: {},
    failure: null,
    ...over,
  };
}

export function aTask(
  key: string,
  over: Partial<TaskRunRowFragment> = {},
): TaskRunRowFragment & { __typename: "TaskRun" } {
  return {
    __typename: "TaskRun",
    id: `run_${key}`,
    key,
    task: { key, type: "shell", needs: [], section: "TASKS" },
    state: "SUCCESS",
    progress: 1,
    message: null,
    retryAt: null,
    startedAt: AT,
    endedAt: AT,
    duration: 0,
    error: null,
    iteration: null,
    child: null,
    cachedFrom: null,
    stateHistory: [],
    attempts: [],
    ...over,
  };
}

type Snapshot = NonNullable<ExecutionSnapshotQuery["execution"]>;

/** An execution as its page reads it. */
export function aSnapshot(over: Partial<Snapshot> = {}): Snapshot & { __typename: "Execution" } {
  return {
    ...aRow(),
    origin: "HEADWAY",
    cursor: "cursor-3",
    revision: { id: "rev_1", number: 4 },
    git: null,
    onFailure: "FINISH_RUNNING",
    priority: 0,
    archived: false,
    scheduledAt: null,
    queuedFor: null,
    trigger: null,
    triggerKind: "MANUAL",
    failure: null,
    taskRuns: [],
    approvals: [],
    notes: [],
    artifacts: [],
    children: [],
    ...over,
    __typename: "Execution",
  };
}

export function anApproval(over: Partial<ApprovalViewFragment> = {}): ApprovalViewFragment {
  return {
    id: "appr_1",
    state: "PENDING",
    message: "Load 1250 rows?",
    taskRun: { id: "run_ask", key: "ask" },
    required: 1,
    users: [],
    roles: ["operator"],
    comment: "ALWAYS",
    requestedAt: AT,
    decidedAt: null,
    canDecide: true,
    cannotDecideReason: null,
    canOverride: false,
    onReject: "REJECT",
    allowSelf: true,
    expiresAt: null,
    groups: [{ name: "", users: [], roles: ["operator"], required: 1, given: 0 }],
    form: [],
    votes: [],
    ...over,
  };
}

export function anInboxItem(over: Partial<InboxItemFragment> = {}): InboxItemFragment {
  return {
    ...anApproval(),
    onTimeout: "REJECT",
    execution: {
      id: "exec_2",
      name: "nightly-orders-2",
      namespace: "acme.data",
      flowKey: "nightly-orders",
      createdBy: { kind: "USER", name: "admin" },
    },
    ...over,
  };
}

export function aLine(line: number, over: Partial<LogRowFragment> = {}): LogRowFragment {
  return {
    line,
    at: AT,
    level: "INFO",
    stream: "STDOUT",
    text: `line ${line}`,
    taskRunId: "run_extract",
    taskKey: "extract",
    attempt: 1,
    ...over,
  };
}

export const NO_LOGS = {
  nodes: [],
  pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
};
