import classes from "./Problems.module.css";
import type { Refusal } from "./registry";

/** The server's error messages. */
export function Problems({ problems }: { problems: readonly Refusal[] }) {
  if (!problems.length) return null;
  return (
    <ul className={classes.problems} role="alert">
      {problems.map((problem) => (
        <li key={`${problem.code}${problem.message}`}>{problem.message}</li>
      ))}
    </ul>
  );
}
