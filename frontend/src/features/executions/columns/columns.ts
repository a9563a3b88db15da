import { isSortable, isValue } from "../address";

export type Column = {
  id: string;
  name: string;
  /** The minimum width in pixels, and the share of the remaining width. */
  width: number;
  grows: number;
  align?: "right";
  /** Hidden first in a narrow window. */
  optional?: true;
  /** The name in exports. */
  exported: readonly string[];
};

const BUILT_IN: readonly Column[] = [
  { id: "state", name: "State", width: 152, grows: 0, exported: ["state"] },
  { id: "execution", name: "Execution", width: 190, grows: 3, exported: ["name"] },
  { id: "flow", name: "Flow", width: 130, grows: 1, optional: true, exported: ["flow"] },
  { id: "namespace", name: "Namespace", width: 120, grows: 1, optional: true, exported: ["namespace"] },
  { id: "kind", name: "Kind", width: 84, grows: 0.5, optional: true, exported: ["kind"] },
  { id: "created", name: "Created", width: 116, grows: 0, exported: ["createdAt"] },
  { id: "started", name: "Started", width: 116, grows: 0, exported: ["startedAt"] },
  { id: "ended", name: "Ended", width: 116, grows: 0, exported: ["endedAt"] },
  { id: "duration", name: "Duration (mark: usual)", width: 170, grows: 0.5, exported: ["duration"] },
  { id: "progress", name: "Progress", width: 104, grows: 0, exported: ["progress"] },
  {
    id: "by",
    name: "Trigger or person",
    width: 140,
    grows: 1,
    exported: ["triggerKind", "schedule", "createdBy"],
  },
  { id: "labels", name: "Labels", width: 150, grows: 1.5, optional: true, exported: ["labels"] },
  { id: "branch", name: "Branch", width: 100, grows: 0.7, optional: true, exported: ["branch"] },
  { id: "commit", name: "Commit", width: 88, grows: 0, optional: true, exported: ["commit"] },
  {
    id: "revision",
    name: "Revision",
    width: 80,
    grows: 0,
    align: "right",
    optional: true,
    exported: ["revision"],
  },
];
export const BUILT_IN_IDS = BUILT_IN.map((column) => column.id);
export const DEFAULT: readonly string[] = [
  "state",
  "execution",
  "started",
  "duration",
  "by",
  "labels",
  "branch",
];
/** Required columns: without these two a row is meaningless. */
export const FIXED: readonly string[] = ["state", "execution"];
const MOST = 30;

export function columnOf(id: string): Column | undefined {
  const found = BUILT_IN.find((column) => column.id === id);
  if (found || !isValue(id)) return found;
  const [kind, name] = [id.slice(0, id.indexOf(".")), id.slice(id.indexOf(".") + 1)];
  const isNumber = kind === "metric";
  return {
    id,
    name,
    width: isNumber ? 104 : 96,
    grows: 0.5,
    exported: [id],
    ...(isNumber && { align: "right" }),
  };
}

/** Parses columns from a URL or the viewer's saved choice; unknown names are dropped. */
export function columnsOf(ids: string | readonly string[] | undefined): Column[] {
  const given = typeof ids === "string" ? split(ids) : (ids ?? DEFAULT);
  const wanted = [...new Set([...FIXED.filter((id) => !given.includes(id)), ...given])];
  return wanted.flatMap((id) => columnOf(id) ?? []).slice(0, MOST);
}

/** A comma in a name is escaped as `%2C`. */
function split(text: string): string[] {
  return text.split(",").map((id) => id.trim().replaceAll("%2C", ","));
}

export function joinedColumns(ids: readonly string[]): string {
  return ids.map((id) => id.replaceAll(",", "%2C")).join(",");
}

export const PADDING = 12;
const ENDS = 56 + 56;

/** The columns that fit into a width: optional ones are hidden first, then others, each time the last one. */
export function fitting(columns: readonly Column[], width: number): Column[] {
  const left = [...columns];
  const needed = () => left.reduce((sum, column) => sum + column.width + PADDING, ENDS);
  while (needed() > width) {
    const at =
      lastOf(left, (column) => column.optional === true) ??
      lastOf(left, (column) => !FIXED.includes(column.id));
    if (at === undefined) break;
    left.splice(at, 1);
  }
  return left;
}

function lastOf(columns: readonly Column[], test: (column: Column) => boolean): number | undefined {
  const at = columns.findLastIndex(test);
  return at < 0 ? undefined : at;
}

export function tracksOf(columns: readonly Column[]): string {
  const track = ({ width, grows }: Column) => (grows ? `minmax(${width}px, ${grows}fr)` : `${width}px`);
  return ["var(--first)", ...columns.map(track), "var(--last)"].join(" ");
}

/** The values to request in addition to the fields of every row. */
export function namesOf(columns: readonly Column[]): string[] {
  const names = columns.filter((column) => isValue(column.id)).map((column) => column.id);
  return columns.some((column) => column.id === "by") ? ["schedule", ...names] : names;
}

/** Whether the usual duration is shown. */
export function hasUsual(columns: readonly Column[]): boolean {
  return columns.some((column) => column.id === "duration");
}

export function moved(ids: readonly string[], id: string, step: number): string[] {
  const at = ids.indexOf(id);
  const to = Math.max(0, Math.min(ids.length - 1, at + step));
  const rest = ids.filter((other) => other !== id);
  return [...rest.slice(0, to), id, ...rest.slice(to)];
}

export { isSortable };
