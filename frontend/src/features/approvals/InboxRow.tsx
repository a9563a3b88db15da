import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef } from "react";
import { DecisionForm } from "@/entities/approval/DecisionForm";
import { decidedWords, dueWords, seatsOf, signersOf, whoMayDecide } from "@/entities/approval/rules";
import { Votes } from "@/entities/approval/Votes";
import type { InboxItemFragment } from "@/shared/graphql/gen/graphql";
import { useNow } from "@/shared/lib/now";
import { formatExact } from "@/shared/lib/time";
import { Duration } from "@/shared/ui/Duration";
import classes from "./Inbox.module.css";

type Props = {
  item: InboxItemFragment;
  gone: boolean;
  opened: boolean;
  selected: boolean;
  onToggle: () => void;
  onDecided: () => void;
};

/** One request: its message and context; opened, the form in place. */
export function InboxRow({ item, gone, opened, selected, onToggle, onDecided }: Props) {
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (selected) row.current?.scrollIntoView({ block: "nearest" });
  }, [selected]);
  const { execution } = item;
  const decided = (decision: "APPROVE" | "REJECT") => {
    notifications.show({
      title: decision === "APPROVE" ? "You approved" : "You rejected",
      message: `${execution.name}: ${item.message}`,
    });
    onDecided();
  };
  return (
    <li
      ref={row}
      className={classes.item}
      data-approval={item.id}
      data-selected={selected || undefined}
      data-gone={gone || undefined}
    >
      <div className={classes.row}>
        <div className={classes.what}>
          <button type="button" className={classes.question} aria-expanded={opened} onClick={onToggle}>
            <span className={classes.arrow} aria-hidden="true">
              {opened ? "▾" : "▸"}
            </span>
            <span className={classes.message} data-opened={opened || undefined}>
              {item.message}
            </span>
          </button>
          <p className={classes.where}>
            <Link to="/executions/$id" params={{ id: execution.id }} search={{}}>
              {execution.name}
            </Link>{" "}
            {execution.namespace} / {execution.flowKey} · {item.taskRun.key}
          </p>
        </div>
        <Facts item={item} />
        <Button className={classes.decide} size="sm" aria-expanded={opened} onClick={onToggle}>
          {opened ? "Close" : item.canDecide ? "Decide" : "View"}
          <span className="hw-hidden">: {item.message}</span>
        </Button>
      </div>
      {opened && (
        <div className={classes.detail}>
          <p className={classes.rule}>{whoMayDecide(item)}</p>
          <Votes votes={item.votes} />
          {gone ? <Overtaken item={item} /> : <DecisionForm approval={item} onDecided={decided} />}
        </div>
      )}
    </li>
  );
}

function Facts({ item }: { item: InboxItemFragment }) {
  const now = useNow(item.expiresAt !== null);
  const due = dueWords(item, now);
  return (
    <dl className={classes.facts}>
      <Fact name="Requested by">{item.execution.createdBy.name}</Fact>
      <Fact name="Waiting">
        <span title={`since ${formatExact(item.requestedAt)}`}>
          <Duration startedAt={item.requestedAt} endedAt={item.decidedAt} />
        </span>
      </Fact>
      <Fact name="Due" none={!due}>
        {due && item.expiresAt ? <span title={formatExact(item.expiresAt)}>{due}</span> : "–"}
      </Fact>
      <Fact name="Votes">{seatsOf(item)}</Fact>
      <Fact name="Must sign">{signersOf(item)}</Fact>
    </dl>
  );
}

function Fact({ name, none, children }: { name: string; none?: boolean; children: ReactNode }) {
  return (
    <div className={classes.fact} data-none={none || undefined}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Shown when another user decided the request while it was open. */
function Overtaken({ item }: { item: InboxItemFragment }) {
  const now = useNow(true);
  const words =
    item.state === "PENDING" ? "This request is no longer assigned to you" : decidedWords(item, now);
  return (
    <p className={classes.overtaken} role="status">
      {words}. Nothing is left to decide; it leaves the list when you close it.
    </p>
  );
}
