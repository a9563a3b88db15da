import { CopyButton } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useState } from "react";
import { asExpression, stepInto } from "@/shared/lib/expressionPath";
import classes from "./JsonTree.module.css";

const SHOWN_AT_ONCE = 100;

type Props = {
  value: unknown;
  label: string;
  /** The expression for the value, as `outputs.load`: each part then offers its own expression to copy. */
  root?: string;
};

/** A value that can be opened level by level; long lists are truncated first. */
export function JsonTree({ value, label, root }: Props) {
  if (isEmpty(value)) return <p className={classes.none}>none</p>;
  return (
    <div className={`${classes.tree} hw-mono`} role="group" aria-label={label}>
      <Members value={value as object} depth={0} path={root} />
    </div>
  );
}

export function isEmpty(value: unknown): boolean {
  return (
    value === null || value === undefined || (typeof value === "object" && Object.keys(value).length === 0)
  );
}

type Place = { depth: number; path: string | undefined };

function Members({ value, depth, path }: Place & { value: object }) {
  const [limit, setLimit] = useState(SHOWN_AT_ONCE);
  const entries = Object.entries(value);
  return (
    <ul className={classes.list}>
      {entries.slice(0, limit).map(([key, member]) => (
        <li key={key}>
          <Member
            name={key}
            value={member}
            depth={depth}
            path={path === undefined ? undefined : path + stepInto(value, key)}
          />
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

function Member({ name, value, depth, path }: Place & { name: string; value: unknown }) {
  const [open, setOpen] = useState(depth < 1);
  if (value === null || typeof value !== "object" || isEmpty(value)) {
    return (
      <span className={classes.leaf}>
        <span className={classes.key}>{name}</span>
        <span className={classes.value} data-type={typeof value}>
          {JSON.stringify(value)}
        </span>
        <CopyExpression path={path} />
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
      <CopyExpression path={path} />
      {open && <Members value={value} depth={depth + 1} path={path} />}
    </>
  );
}

function CopyExpression({ path }: { path: string | undefined }) {
  if (path === undefined) return null;
  const expression = asExpression(path);
  return (
    <CopyButton value={expression}>
      {({ copied, copy }) => (
        <button
          type="button"
          className={classes.copy}
          aria-label={copied ? `Copied ${expression}` : `Copy ${expression}`}
          title={copied ? "Copied" : `Copy ${expression}`}
          onClick={copy}
        >
          {copied ? <IconCheck size={14} stroke={1.75} /> : <IconCopy size={14} stroke={1.75} />}
        </button>
      )}
    </CopyButton>
  );
}
