import type { Frame, Part } from "./traceback";

/** "    at load (/app/load.js:88:3)", "	at acme.Load.run(Load.java:88)" */
const FRAME = /^\s+at (?:(.+?) ?\()?([^()]+?):(\d+)(?::\d+)?\)?(?: \{)?$/;
const ANY_FRAME = /^\s+(at \S|\.\.\. \d+ )/;
const EXCEPTION = /^(?:Uncaught |Exception in thread ".*" )?([\w$.]*(?:Error|Exception|Throwable)\b.*)$/;
const CAUSE = /^\s*(?:Caused by|\[cause\]): (.*)$/;
/** A suppressed exception, as from closing a file, and its causes. */
const SUPPRESSED = /^\s*Suppressed: |^\s+Caused by: /;
const FOREIGN =
  /node_modules|^node:|^internal[\\/]|^(java|javax|jdk|sun|kotlin|kotlinx|scala|org\.apache|org\.springframework)\./;

/** The exceptions of a JavaScript or JVM text, innermost first; the text has them last. */
export function partsOfStack(message: string): Part[] {
  const lines = message.split("\n");
  if (!lines.some((line) => FRAME.test(line))) return [];
  const parts: Part[] = [];
  for (const { head, stack } of blocksOf(lines)) {
    if (head.some((line) => SUPPRESSED.test(line))) continue;
    const frames = stack.flatMap(frameOf);
    // An exception that is not the cause of the previous one begins a new chain: the last chain counts.
    if (!head.some((line) => CAUSE.test(line))) parts.length = 0;
    parts.unshift({ sentence: sentenceOf(head), frames, raised: frames });
  }
  return parts;
}

type Block = { head: string[]; stack: string[] };

/** Groups of lines, each with the frames that follow. */
function blocksOf(lines: readonly string[]): Block[] {
  const blocks: Block[] = [{ head: [], stack: [] }];
  for (const line of lines) {
    const last = blocks.at(-1)!;
    if (ANY_FRAME.test(line)) last.stack.push(line);
    else if (last.stack.length) blocks.push({ head: [line], stack: [] });
    else last.head.push(line);
  }
  return blocks.filter(({ stack }) => stack.length);
}

/** The text from the line that names the exception on; before it there may be the line of code that threw it. */
function sentenceOf(head: readonly string[]): string {
  const caused = head.findLastIndex((line) => CAUSE.test(line));
  const start = caused >= 0 ? caused : head.findIndex((line) => EXCEPTION.test(line));
  const lines = start >= 0 ? head.slice(start) : head.filter((line) => line.trim()).slice(0, 1);
  const first = lines[0] ?? "";
  const named = CAUSE.exec(first)?.[1] ?? EXCEPTION.exec(first)?.[1] ?? first;
  return [named, ...lines.slice(1)].join("\n").trim();
}

function frameOf(line: string): Frame[] {
  const [, name = "", file, at] = FRAME.exec(line) ?? [];
  if (!file) return [];
  const own = !FOREIGN.test(file) && !FOREIGN.test(name);
  return [{ file: file.replace("file://", ""), line: Number(at), name, code: null, own }];
}
