import { Link } from "@tanstack/react-router";
import { formatInteger } from "@/shared/lib/number";
import classes from "./Bulk.module.css";
import { reachOf } from "./bulk";
import type { BulkPreview } from "./usePreviewBulk";

type Props = { preview: BulkPreview | null; loading: boolean; ready: boolean };

/** "1 198 of 1 204 executions", and for those that are left out why, with some of them. */
export function BulkReach({ preview, loading, ready }: Props) {
  if (!ready) return null;
  if (!preview) return <p className={classes.reach}>{loading ? "Looking what would happen…" : ""}</p>;
  return (
    <div role="status">
      <p className={classes.reach}>
        <strong>{reachOf(preview)}</strong>
        {preview.wouldApply === 0 && ": none of them allows it now"}
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
            <b>{formatInteger(preview.forbidden)}</b> left out: you may not do this to them
          </li>
        )}
        {preview.notFound.length > 0 && (
          <li>
            <b>{formatInteger(preview.notFound.length)}</b> are not there any more
          </li>
        )}
      </ul>
    </div>
  );
}
