import type { ReactNode } from "react";
import type { Head } from "@/entities/execution/record";
import { Fact, Facts } from "../Section";
import { webAddress } from "./repository";
import classes from "./Where.module.css";

/** The commit that ran; repository and commit are links where the repository has a web address. */
export function Git({ git }: { git: NonNullable<Head["git"]> }) {
  const web = webAddress(git.repository);
  const commit = git.commit && <span className="hw-mono">{git.commit.slice(0, 12)}</span>;
  return (
    <Facts>
      <Fact name="Commit">
        {web && git.commit ? <Away to={`${web}/commit/${git.commit}`}>{commit}</Away> : commit}
      </Fact>
      <Fact name="Branch">{git.branch}</Fact>
      <Fact name="Repository">{web ? <Away to={web}>{git.repository}</Away> : git.repository}</Fact>
      <Fact name="Author">{git.author}</Fact>
      <Fact name="Message">{git.message}</Fact>
    </Facts>
  );
}

function Away({ to, children }: { to: string; children: ReactNode }) {
  return (
    <a className={classes.link} href={to} target="_blank" rel="noreferrer">
      {children}
    </a>
  );
}
