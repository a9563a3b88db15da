/** A part of the path to a task run; clicking it selects `task`. */
export type Crumb = { words: string; task: string };

const PART = /^(.*?)((?:\[\d+\])?)$/;

/** The parts of `each[3].fetch`: `each [3]`, which selects the foreach, then `fetch`. */
export function crumbsOf(key: string): Crumb[] {
  const parts = key.split(".");
  return parts.map((part, at) => {
    const [, name = part, index = ""] = PART.exec(part) ?? [];
    return { words: index ? `${name} ${index}` : name, task: [...parts.slice(0, at), name].join(".") };
  });
}
