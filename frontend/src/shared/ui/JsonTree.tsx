import { useState } from "react";
import classes from "./JsonTree.module.css";

const SHOWN_AT_ONCE = 100;

/** A value that can be opened level by level; long lists show a part first. */
export function JsonTree({ value, label }: { value: unknown; label: string }) {
  if (isEmpty(value)) return <p className={classes.none}>none</p>;
  return (
    <div className={`${classes.tree} hw-mono`} role="group" aria-label={label}>
      <Members value={value as object} depth={0} />
    </div>
  );
}

export function isEmpty(value: unknown): boolean {
  return (
    value === null || value === undefined || (typeof value === "object" && Object.keys(value).length === 0)
  );
}

function Members({ value, depth }: { value: object; depth: number }) {
  const [limit, setLimit] = useState(SHOWN_AT_ONCE);
  const entries = Object.entries(value);
  return (
    <ul className={classes.list}>
      {entries.slice(0, limit).map(([key, member]) => (
        <li key={key}>
          <Member name={key} value={member} depth={depth} />
        </li>
      ))}
      {entries.length > limit && (
        <li>
          <button type="button" className={classes.more} onClick={() => setLimit(limit + SHOWN_AT_ONCE)}>
            {entries.length - limit} more
          </button>
        </li>
      )}
    </ul>
  );
}

function Member({ name, value, depth }: { name: string; value: unknown; depth: number }) {
  const [open, setOpen] = useState(depth < 1);
  if (value === null || typeof value !== "object" || isEmpty(value)) {
    return (
      <span className={classes.leaf}>
        <span className={classes.key}>{name}</span>
        <span className={classes.value} data-type={typeof value}>
          {JSON.stringify(value)}
        </span>
      </span>
    );
  }
  const size = Object.keys(value).length;
  return (
    <>
      <button type="button" className={classes.fold} aria-expanded={open} onClick={() => setOpen(!open)}>
        <span aria-hidden="true">{open ? "▾" : "▸"}</span> <span className={classes.key}>{name}</span>
        <span className={classes.size}>{Array.isArray(value) ? `[${size}]` : `{${size}}`}</span>
      </button>
      {open && <Members value={value} depth={depth + 1} />}
    </>
  );
}
