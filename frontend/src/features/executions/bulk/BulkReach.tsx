import { Link } from "@tanstack/react-router";
import { formatInteger } from "@/shared/lib/number";
import classes from "./Bulk.module.css";
import { reachOf } from "./bulk";
import type { BulkPreview } from "./usePreviewBulk";

type Props = { preview: BulkPreview | null; loading: boolean; ready: boolean };

/** "1 198 of 1 204 executions", and the reasons for the excluded ones, with examples. */
export function BulkReach({ preview, loading, ready }: Props) {
  if (!ready) return null;
  if (!preview) return <p className={classes.reach}>{loading ? "Loading the preview…" : ""}</p>;
  return (
    <div role="status">
      <p className={classes.reach}>
        <strong>{reachOf(preview)}</strong>
        {preview.wouldApply === 0 && ": the action is not possible for any of them now"}
      </p>
      <ul className={classes.reasons}>
        {preview.notAllowed.map(({ reason, count, samples }) => (
          <li key={reason}>
            <b>{formatInteger(count)}</b> left out: {reason}
            <span className={classes.samples}>
              {samples.map(({ id, name }) => (
                <Link key={id} to="/executions/$id" params={{ id }} search={{}} target="_blank">
                  {name}
                </Link>
              ))}
              {count > samples.length && <span>and {formatInteger(count - samples.length)} more</span>}
            </span>
          </li>
        ))}
        {preview.forbidden > 0 && (
          <li>
            <b>{formatInteger(preview.forbidden)}</b> excluded: you are not allowed to do this
          </li>
        )}
        {preview.notFound.length > 0 && (
          <li>
            <b>{formatInteger(preview.notFound.length)}</b> no longer exist
          </li>
        )}
      </ul>
    </div>
  );
}
