import { Link } from "@tanstack/react-router";
import type { ExecutionPageQuery } from "@/shared/graphql/gen/graphql";
import { Time } from "@/shared/ui/Time";
import classes from "./Relatives.module.css";

type Execution = NonNullable<ExecutionPageQuery["execution"]>;
type Other = { id: string; name: string };

/** The executions that it comes from and that came of it, and what people noted. */
export function Relatives({ execution }: { execution: Execution }) {
  const links: [string, Other | null][] = [
    ["Rerun of", execution.rerunOf],
    ["Replay of", execution.replayOf],
    ["Results of", execution.cachedFrom],
    ["Started by", execution.parent],
    ["Resolved by", execution.resolvedBy],
    ...execution.children.map((child): [string, Other] => ["Started", child]),
  ];
  const found = links.filter((link): link is [string, Other] => link[1] !== null);
  if (!found.length && !execution.notes.length) return null;
  return (
    <div className={classes.relatives}>
      {found.length > 0 && (
        <ul className={classes.links} aria-label="Related executions">
          {found.map(([word, other]) => (
            <li key={`${word}${other.id}`}>
              {word}{" "}
              <Link to="/executions/$id" params={{ id: other.id }} search={{}}>
                {other.name}
              </Link>
            </li>
          ))}
        </ul>
      )}
      {execution.notes.length > 0 && (
        <ul className={classes.notes} aria-label="Notes">
          {execution.notes.map((note) => (
            <li key={note.id}>
              <strong>{note.author.name}</strong> <Time at={note.at} />: {note.text}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
