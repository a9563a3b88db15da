import { Button } from "@mantine/core";
import { useMemo, useState } from "react";
import { ErrorState } from "@/shared/ui/ErrorState";
import { Panel } from "@/shared/ui/Panel";
import { Time } from "@/shared/ui/Time";
import type { View } from "../view";
import classes from "./EventsPanel.module.css";
import { isTelling, words } from "./events";
import { useEvents } from "./useEvents";

const SHOWN = 100;

/** Who did what, why and through which channel; newest first. */
export function EventsPanel({ view }: { view: View }) {
  const { events, error } = useEvents(view.id, view.seq);
  const [all, setAll] = useState(false);
  const [limit, setLimit] = useState(SHOWN);
  const shown = useMemo(() => (all ? events : events.filter(isTelling)).toReversed(), [events, all]);
  return (
    <Panel
      title="History"
      aside={
        <Button aria-pressed={all} onClick={() => setAll(!all)}>
          {all ? "Main events" : `All ${events.length} events`}
        </Button>
      }
    >
      {error && <ErrorState error={error} what="The history" />}
      <ol className={classes.list}>
        {shown.slice(0, limit).map((event) => (
          <li key={event.id} className={classes.event}>
            <span className={classes.at}>
              <Time at={event.at} />
            </span>
            <span className={classes.what}>
              {words(event)}
              {event.reason && <span className={classes.reason}> “{event.reason}”</span>}
            </span>
            <span className={classes.who}>
              {event.actor.name}
              {event.channel !== "ENGINE" && ` · ${event.channel.toLowerCase()}`}
            </span>
          </li>
        ))}
      </ol>
      {shown.length > limit && (
        <div className={classes.more}>
          <Button onClick={() => setLimit(limit + SHOWN)}>{shown.length - limit} earlier</Button>
        </div>
      )}
    </Panel>
  );
}
