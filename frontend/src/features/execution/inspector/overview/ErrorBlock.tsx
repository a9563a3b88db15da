import { useMemo } from "react";
import { type Frame, readError } from "@/shared/lib/traceback";
import { Section } from "../Section";
import classes from "./ErrorBlock.module.css";

type Props = { error: { code: string; message: string; exitCode?: number | null } };

/** The error with its code; for a traceback, the author's own line first, libraries folded. */
export function ErrorBlock({ error }: Props) {
  return (
    <Section title="Error" note={<code className="hw-mono">{codeIn(error)}</code>}>
      <ErrorText message={error.message} />
    </Section>
  );
}

export function ErrorText({ message }: { message: string }) {
  const { sentence, place, others, led } = useMemo(() => readError(message), [message]);
  return (
    <div className={classes.error}>
      <p className={classes.sentence}>{sentence}</p>
      {place && <FrameLine frame={place} />}
      {led && <p className={classes.led}>It led to {led}</p>}
      {others.length > 0 && (
        <details className={classes.others}>
          <summary>
            {others.length} other {others.length === 1 ? "frame" : "frames"}
          </summary>
          {others.map((frame, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the frames of one text never move
            <FrameLine key={at} frame={frame} />
          ))}
        </details>
      )}
    </div>
  );
}

function FrameLine({ frame }: { frame: Frame }) {
  return (
    <p className={classes.frame} data-own={frame.own || undefined}>
      <span>
        {frame.file}:{frame.line}
        {frame.name && ` in ${frame.name}`}
      </span>
      {frame.code && <code>{frame.code}</code>}
    </p>
  );
}

function codeIn({ code, exitCode }: Props["error"]): string {
  return exitCode === null || exitCode === undefined ? code : `${code}, exit code ${exitCode}`;
}
