type Address = { at?: number | undefined; attempt?: number | undefined };
type Above = Address & { task?: string; tab?: undefined };

/** The changes of the URL that go one level up; null at the whole execution as it is now. */
export function levelAbove({ at, attempt }: Address, task: string | undefined): Above | null {
  if (at !== undefined) return { at: undefined };
  if (attempt !== undefined) return { attempt: undefined };
  if (task === undefined) return null;
  return { task: foreachOf(task) ?? "", tab: undefined };
}

/** The name of that level, for the hint of the key. */
export function aboveWords({ at, attempt }: Address, task: string | undefined): string {
  if (at !== undefined) return "now";
  if (attempt !== undefined) return "all attempts";
  return (task && foreachOf(task)) || "whole execution";
}

/** `each` for `each[3].load`; undefined for a task that is in no iteration. */
function foreachOf(task: string): string | undefined {
  return /^(.*)\[\d+\]\.[^[\].]+$/.exec(task)?.[1];
}

/** Whether it is a task run in an iteration of the foreach, at any depth. */
export function isInside(key: string, foreach: string): boolean {
  return key.startsWith(`${foreach}[`);
}

/** Whether something of this task belongs to the selection: to the task itself or, for a foreach, to its iterations. */
export function belongsTo(selected: string | undefined, key: string | null | undefined): boolean {
  if (selected === undefined) return true;
  return key === selected || (typeof key === "string" && isInside(key, selected));
}
