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

/** Readers take events as they come; one that reads later reads the others itself. */
const EVENTS_KEPT = 200;

export type TaskRunRow = TaskRunRowFragment;
export type Head = ExecutionHeadFragment;
export type Snapshot = NonNullable<ExecutionSnapshotQuery["execution"]>;
export type Change = ExecutionChangesSubscription["executionChanges"];

/** One execution as the page knows it: a snapshot, then every change folded into it. Lists are by id, in order. */
export type ExecutionRecord = {
  head: Head;
  /** Where the changes go on after this record; null when they cannot: a new snapshot has to be read first. */
  cursor: string | null;
  /** The seq up to which the changes are in it. */
  seq: number;
  taskRuns: ReadonlyMap<string, TaskRunRow>;
  approvals: ReadonlyMap<string, ApprovalViewFragment>;
  notes: ReadonlyMap<string, NoteRowFragment>;
  artifacts: ReadonlyMap<string, ArtifactRowFragment>;
  children: ReadonlyMap<string, ExecutionLinkFragment>;
  /** The seq of the snapshot. */
  since: number;
  /** The last events that arrived after the snapshot, by seq; earlier ones are kept or read by who needs them. */
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

/** A snapshot replaces only a record that wants one, also by a lower seq: the server may have been restored. */
export function replaced(known: ExecutionRecord | undefined, snapshot: Snapshot): ExecutionRecord {
  return !known || known.cursor === null ? recordOf(snapshot) : known;
}

/** The same record, shown on until a new snapshot replaces it. */
export function outdated(record: ExecutionRecord): ExecutionRecord {
  return { ...record, cursor: null };
}

/** Folds one change in. Parts that it does not name stay the very same objects, so that nothing draws them again. */
export function fold(record: ExecutionRecord, change: Change): ExecutionRecord {
  if (record.cursor === null) return record; // something lies between
  if (change.reset) return outdated(record);
  if (change.seq < record.seq) return record; // a newer snapshot overtook it
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

/** What an action answered shows at once; the change that follows says the same. */
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
