const NAME = /^[A-Za-z_]\w*$/;

/** One step into a value, in expression syntax: `.rows`, `[0]`, `['model.joblib']`. */
export function stepInto(value: unknown, key: string): string {
  if (Array.isArray(value)) return `[${key}]`;
  return NAME.test(key) ? `.${key}` : `['${key.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}']`;
}

/**
 * The expression for the outputs of a task run: `outputs.load`. For an iteration, the foreach has the list of all:
 * `outputs.each.fetch[3]`.
 */
export function outputsPath(key: string): string {
  const indexes = [...key.matchAll(/\[(\d+)\]/g)].map(([found]) => found);
  const names = key.replaceAll(/\[\d+\]/g, "").split(".");
  return names.reduce((path, name) => path + stepInto({}, name), "outputs") + indexes.join("");
}

export function asExpression(path: string): string {
  return `{{ ${path} }}`;
}
