import { Suspense } from "react";
import type { NoteRowFragment } from "@/shared/graphql/gen/graphql";
import { lazily } from "@/shared/ui/lazily";
import { Time } from "@/shared/ui/Time";
import { None } from "../Section";
import classes from "./Lists.module.css";

const Markdown = lazily(() => import("../files/Markdown").then((found) => found.Markdown));

export function Notes({ notes }: { notes: readonly NoteRowFragment[] }) {
  if (!notes.length) return <None>No notes.</None>;
  return (
    <ul className={classes.list}>
      {notes.map((note) => (
        <li key={note.id} className={classes.note}>
          <p className={classes.by}>
            {note.author.name} · <Time at={note.at} />
          </p>
          <Suspense fallback={note.text}>
            <Markdown text={note.text} />
          </Suspense>
        </li>
      ))}
    </ul>
  );
}
