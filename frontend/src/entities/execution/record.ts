import type {
  ApprovalViewFragment,
  ArtifactRowFragment,
  EventMarkFragment,
  ExecutionChangesSubscription,
  ExecutionHeadFragment,
  ExecutionLinkFragment,
  ExecutionSnapshotQuery,
  ExecutionState,
  NoteRowFragment,
  TaskRunRowFragment,
} from "@/shared/graphql/gen/graphql";
import { newer } from "@/shared/lib/newer";
import { joined } from "@/shared/lib/sequence";
import type { ActedOn } from "./actions/registry";

/** The number of events kept; readers that need earlier ones read them from the server. */
const EVENTS_KEPT = 200;

export type TaskRunRow = TaskRunRowFragment;
export type Head = ExecutionHeadFragment;
export type Snapshot = NonNullable<ExecutionSnapshotQuery["execution"]>;
export type Change = ExecutionChangesSubscription["executionChanges"];

/** One execution as the page has it: a snapshot with every later change folded in. Lists are by id, in order. */
export type ExecutionRecord = {
  head: Head;
  /** The cursor after which changes resume; null when a new snapshot has to be read first. */
  cursor: string | null;
  /** The seq of the last change that was folded in. */
  seq: number;
  taskRuns: ReadonlyMap<string, TaskRunRow>;
  approvals: ReadonlyMap<string, ApprovalViewFragment>;
  notes: ReadonlyMap<string, NoteRowFragment>;
  artifacts: ReadonlyMap<string, ArtifactRowFragment>;
  children: ReadonlyMap<string, ExecutionLinkFragment>;
  /** The seq of the snapshot. */
  since: number;
  /** The last events that arrived after the snapshot, by seq; components that need earlier ones keep or read them. */
  events: readonly EventMarkFragment[];
};

export function recordOf(snapshot: Snapshot): ExecutionRecord {
  const { taskRuns, approvals, notes, artifacts, children, cursor, ...head } = snapshot;
  return {
    head,
    cursor,
    seq: head.seq,
    since: head.seq,
    taskRuns: byId(taskRuns),
    approvals: byId(approvals),
    notes: byId(notes),
    artifacts: byId(artifacts),
    children: byId(children),
    events: [],
  };
}

/** A snapshot replaces only an outdated record, even with a lower seq: the server may have been restored. */
export function replaced(known: ExecutionRecord | undefined, snapshot: Snapshot): ExecutionRecord {
  return !known || known.cursor === null ? recordOf(snapshot) : known;
}

/** The same record, marked as outdated and shown until a new snapshot replaces it. */
export function outdated(record: ExecutionRecord): ExecutionRecord {
  return { ...record, cursor: null };
}

/** Folds in one change. Parts that the change does not name keep their identity, so that they are not rendered again. */
export function fold(record: ExecutionRecord, change: Change): ExecutionRecord {
  if (record.cursor === null) return record; // changes are missing in between
  if (change.reset) return outdated(record);
  if (change.seq < record.seq) return record; // a newer snapshot was read meanwhile
  return {
    head: newer(record.head, change.execution),
    cursor: change.cursor,
    seq: change.seq,
    since: record.since,
    taskRuns: merged(record.taskRuns, change.taskRuns),
    approvals: merged(record.approvals, change.approvals),
    notes: merged(record.notes, change.notes),
    artifacts: without(merged(record.artifacts, change.artifacts), change.goneArtifactIds),
    children: merged(record.children, change.children),
    events: joined(record.events, change.events, EVENTS_KEPT),
  };
}

/** Folds in the result of an action at once; the change that follows has the same content. */
export function afterAction(record: ExecutionRecord, acted: ActedOn): ExecutionRecord {
  if (acted.seq <= record.head.seq) return record;
  return { ...record, head: { ...record.head, seq: acted.seq, state: acted.state as ExecutionState } };
}

function byId<Row extends { id: string }>(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [row.id, row]));
}

function merged<Row extends { id: string }>(known: ReadonlyMap<string, Row>, rows: readonly Row[]) {
  if (!rows.length) return known;
  const next = new Map(known);
  for (const row of rows) next.set(row.id, row);
  return next;
}

function without<Row>(known: ReadonlyMap<string, Row>, ids: readonly string[]) {
  if (!ids.some((id) => known.has(id))) return known;
  const next = new Map(known);
  for (const id of ids) next.delete(id);
  return next;
}
