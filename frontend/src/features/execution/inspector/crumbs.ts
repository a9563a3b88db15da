/** A part of the path to a task run; `task` is what choosing it selects. */
export type Crumb = { words: string; task: string };

const PART = /^(.*?)((?:\[\d+\])?)$/;

/** `each[3].fetch` is `each [3]`, which leads to the foreach, then `fetch`. */
export function crumbsOf(key: string): Crumb[] {
  const parts = key.split(".");
  return parts.map((part, at) => {
    const [, name = part, index = ""] = PART.exec(part) ?? [];
    return { words: index ? `${name} ${index}` : name, task: [...parts.slice(0, at), name].join(".") };
  });
}
