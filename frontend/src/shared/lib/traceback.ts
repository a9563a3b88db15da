import { partsOfStack } from "./stack";

/** One frame of a call stack. `own`: it is the author's code, not a library's. */
export type Frame = { file: string; line: number; name: string; code: string | null; own: boolean };

/** One exception of a chain: its message and its frames, in the order of the text and from where it was raised. */
export type Part = { sentence: string; frames: readonly Frame[]; raised: readonly Frame[] };

/**
 * A parsed error text: the message of the innermost exception, the frame of the author's code where it was raised, the
 * other frames, and the exception that it led to.
 */
export type ReadError = {
  sentence: string;
  place: Frame | null;
  others: readonly Frame[];
  led: string | null;
};

/** The format in which the server writes a chain of exceptions that it has found in a log. */
const SHORTENED = /^(.+) \((?:caused by|while handling) (.+)\)$/s;

/** Parses an error text. Of chained exceptions the innermost is the cause. A text without a call stack is only a message. */
export function readError(message: string): ReadError {
  const python = partsOfTraceback(message);
  const parts = python.length ? python : partsOfStack(message);
  const [inner] = parts;
  if (!inner) {
    const [, outer = null, cause = message.trim()] = SHORTENED.exec(message.trim()) ?? [];
    return { sentence: cause, place: null, others: [], led: outer };
  }
  const place = ownOf(parts) ?? inner.raised[0] ?? null;
  const frames = parts.flatMap((part) => part.frames);
  const outer = parts.at(-1)!;
  return {
    sentence: inner.sentence,
    place,
    others: frames.filter((frame) => frame !== place),
    led: outer === inner ? null : outer.sentence.split("\n")[0]!,
  };
}

/** The author's frame nearest to where the innermost exception was raised. */
function ownOf(parts: readonly Part[]): Frame | undefined {
  return parts.flatMap(({ raised }) => raised).find((frame) => frame.own);
}

const BEGIN = "Traceback (most recent call last):";
const CHAIN =
  /^(During handling of the above exception, another exception occurred|The above exception was the direct cause of the following exception):$/m;
const FRAME = /^\s*File "(.+?)", line (\d+)(?:, in (.+))?$/;
const FOREIGN = /site-packages|dist-packages|[\\/]lib[\\/]python\d|^<frozen /;

/** The exceptions of the last chain of tracebacks in a text, innermost first, as Python prints them. */
function partsOfTraceback(message: string): Part[] {
  const [before, ...texts] = message.split(BEGIN);
  const start = texts.slice(0, -1).findLastIndex((text) => !CHAIN.test(text)) + 1;
  return texts.slice(start).map((text) => {
    const lines = text.split(CHAIN)[0]!.split("\n").slice(1);
    const end = lines.findIndex((line) => /^\S/.test(line));
    const frames = framesOf(end < 0 ? lines : lines.slice(0, end));
    const said = end < 0 ? [] : lines.slice(end).filter((line) => line !== '"""');
    const sentence = said.join("\n").trim() || before!.trim();
    return { sentence, frames, raised: frames.toReversed() };
  });
}

function framesOf(lines: readonly string[]): Frame[] {
  const frames: Frame[] = [];
  for (const line of lines) {
    const [, file, at, name = ""] = FRAME.exec(line) ?? [];
    const last = frames.at(-1);
    if (file) frames.push({ file, line: Number(at), name, code: null, own: !FOREIGN.test(file) });
    // Below a line of code Python may underline the relevant part.
    else if (last && last.code === null && !/^[\s~^]*$/.test(line)) last.code = line.trim();
  }
  return frames;
}
