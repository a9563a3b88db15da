import { Skeleton } from "@mantine/core";
import { useMemo, useState } from "react";
import { JsonTree } from "@/shared/ui/JsonTree";
import { readCsv } from "./csv";
import classes from "./FilePreview.module.css";
import { jsonOf, kindOf } from "./kinds";
import { Markdown } from "./Markdown";
import { useStart } from "./useStart";

const ROWS = 100;

/** A preview of a file by its kind: picture, table, value or text. Its content is never inserted as HTML. */
export function FilePreview({ name, address }: { name: string; address: string }) {
  if (kindOf(name) === "image") return <Picture name={name} address={address} />;
  return <TextPreview name={name} address={address} />;
}

function Picture({ name, address }: { name: string; address: string }) {
  const [failed, setFailed] = useState(false);
  if (failed) return <Refused name={name} why="it is too large or no longer exists" />;
  return <img className={classes.image} src={address} alt={name} onError={() => setFailed(true)} />;
}

function Refused({ name, why }: { name: string; why: string }) {
  return (
    <p role="alert" className={classes.failed}>
      {name} cannot be shown: {why}.
    </p>
  );
}

function TextPreview({ name, address }: { name: string; address: string }) {
  const start = useStart(address);
  if (start.phase === "loading")
    return <Skeleton height={80} radius={6} role="status" aria-label="Loading" />;
  if (start.phase === "failed") return <Refused name={name} why={start.why} />;
  if (!start.text) return <p className={classes.note}>The file is empty.</p>;
  return (
    <>
      <Drawn name={name} text={start.text} complete={start.complete} />
      {!start.complete && (
        <p className={classes.note}>This is the beginning of the file. Download it to see all of it.</p>
      )}
    </>
  );
}

function Drawn({ name, text, complete }: { name: string; text: string; complete: boolean }) {
  const kind = kindOf(name);
  const value = useMemo(() => (kind === "json" ? jsonOf(text) : undefined), [kind, text]);
  if (kind === "csv" || kind === "tsv") return <Table name={name} text={text} complete={complete} />;
  if (kind === "markdown") return <Markdown text={text} />;
  if (value !== null && typeof value === "object") return <JsonTree label={name} value={value} />;
  return (
    <pre className={classes.text} tabIndex={0} role="group" aria-label={name}>
      {text}
    </pre>
  );
}

function Table({ name, text, complete }: { name: string; text: string; complete: boolean }) {
  const separator = kindOf(name) === "tsv" ? "\t" : ",";
  const { head, rows, cut } = useMemo(
    () => readCsv(text, ROWS, separator, complete),
    [text, separator, complete],
  );
  return (
    <div className={classes.scroll} tabIndex={0} role="group" aria-label={name}>
      <table className={classes.table}>
        <thead>
          <tr>
            {head.map((cell, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the columns of one text never move
              <th key={at} scope="col">
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, line) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the rows of one text never move
            <tr key={line}>
              {row.map((cell, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: see above
                <td key={at}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {cut && <p className={classes.note}>The first {rows.length} rows.</p>}
    </div>
  );
}
