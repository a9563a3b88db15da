import type { AttemptRowFragment } from "@/shared/graphql/gen/graphql";
import { Duration } from "@/shared/ui/Duration";
import { StateBadge } from "@/shared/ui/StateBadge";
import { Time } from "@/shared/ui/Time";
import classes from "./TaskDetail.module.css";

const HEADS = ["#", "State", "Started", "Duration", "Exit", "Error", "Memory", "Worker"];

export function Attempts({ attempts }: { attempts: readonly AttemptRowFragment[] }) {
  return (
    <div className={classes.scroll} role="region" aria-label="Attempts" tabIndex={0}>
      <table className={classes.attempts}>
        <thead>
          <tr>
            {HEADS.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {attempts.map((attempt) => (
            <tr key={attempt.id}>
              <td>{attempt.number}</td>
              <td>
                <StateBadge state={attempt.state} plain />
              </td>
              <td>
                <Time at={attempt.startedAt} />
              </td>
              <td>
                <Duration startedAt={attempt.startedAt} endedAt={attempt.endedAt} />
              </td>
              <td>{attempt.exitCode ?? "–"}</td>
              <td className={classes.error}>{attempt.error?.message}</td>
              <td>{megabytes(attempt.resources?.maxRssBytes)}</td>
              <td>{attempt.worker ?? "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function megabytes(bytes: string | number | null | undefined): string {
  return bytes === null || bytes === undefined ? "–" : `${Math.round(Number(bytes) / 1_048_576)} MB`;
}
