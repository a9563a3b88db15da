/** One line of a call stack. `own` is the author's code, not a library's. */
export type Frame = { file: string; line: number; name: string; code: string | null; own: boolean };

/** An error's text, taken apart: the sentence, where it was raised in the author's code, and the other frames. */
export type ReadError = { sentence: string; place: Frame | null; others: readonly Frame[] };

const BEGIN = "Traceback (most recent call last):";
const FRAME = /^\s*File "(.+?)", line (\d+)(?:, in (.+))?$/;
const FOREIGN = /site-packages|dist-packages|[\\/]lib[\\/]python\d|^<frozen |node_modules/;

/** Of chained exceptions the last counts: what was raised in the end. A text without a traceback is its sentence. */
export function readError(message: string): ReadError {
  const start = message.lastIndexOf(BEGIN);
  if (start < 0) return { sentence: message.trim(), place: null, others: [] };
  const lines = message
    .slice(start + BEGIN.length)
    .split("\n")
    .slice(1);
  const end = lines.findIndex((line) => /^\S/.test(line));
  const frames = framesOf(end < 0 ? lines : lines.slice(0, end));
  const said = end < 0 ? [] : lines.slice(end);
  const place = frames.findLast((frame) => frame.own) ?? frames.at(-1) ?? null;
  const before = message.slice(0, start).trim();
  return {
    sentence: said.join("\n").trim() || before,
    place,
    others: frames.filter((frame) => frame !== place),
  };
}

function framesOf(lines: readonly string[]): Frame[] {
  const frames: Frame[] = [];
  for (const line of lines) {
    const [, file, at, name = ""] = FRAME.exec(line) ?? [];
    const last = frames.at(-1);
    if (file) frames.push({ file, line: Number(at), name, code: null, own: !FOREIGN.test(file) });
    // Below a line of code Python marks the part that is meant.
    else if (last && last.code === null && !/^[\s~^]*$/.test(line)) last.code = line.trim();
  }
  return frames;
}
