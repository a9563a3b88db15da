type Address = { at?: number | undefined; attempt?: number | undefined };
type Above = Address & { task?: string; tab?: undefined };

/** What the address changes to one level up; null at the whole execution as it is now. */
export function levelAbove({ at, attempt }: Address, task: string | undefined): Above | null {
  if (at !== undefined) return { at: undefined };
  if (attempt !== undefined) return { attempt: undefined };
  if (task === undefined) return null;
  const foreach = /^(.*)\[\d+\]\.[^[\].]+$/.exec(task)?.[1];
  return { task: foreach ?? "", tab: undefined };
}
