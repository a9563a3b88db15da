import { Skeleton } from "@mantine/core";
import { None } from "../Section";
import { inOneLine, inputRows } from "./changed";
import classes from "./Inputs.module.css";

type Props = { now: unknown; before: unknown; loading: boolean };

/** Inputs with their values; for a changed one, the value of the last success struck through, then the current one. */
export function Inputs({ now, before, loading }: Props) {
  if (loading) return <Skeleton height={40} radius={6} />;
  const rows = inputRows(now, before);
  if (!rows.length) return <None>No inputs.</None>;
  const changed = rows.filter((row) => row.changed).length;
  return (
    <>
      {before !== undefined && (
        <p className={classes.count}>
          {changed
            ? `${changed} of ${rows.length} changed since the last success`
            : "Same as the last success"}
        </p>
      )}
      <dl className={classes.inputs}>
        {rows.map((row) => (
          <div key={row.name} className={classes.input} data-changed={row.changed || undefined}>
            <dt>{row.name}</dt>
            <dd>
              {row.changed && (
                <>
                  <del>
                    <span className="hw-hidden">was </span>
                    <Value name={row.name} value={row.before} />
                  </del>
                  <span aria-hidden="true"> → </span>
                </>
              )}
              <span>
                {row.changed && <span className="hw-hidden">now </span>}
                <Value name={row.name} value={row.value} />
              </span>
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** A command as it was written, with line breaks and in a monospaced font. */
function Value({ name, value }: { name: string; value: unknown }) {
  const text = inOneLine(value);
  const isCode = typeof value === "string" && (name === "run" || text.includes("\n"));
  return isCode ? <code className={classes.code}>{text.trimEnd()}</code> : text;
}
