import classes from "@/app/LinkIndicator.module.css";
import { useFailures } from "@/shared/graphql/failures";
import { useLink } from "@/shared/graphql/link";
import { isHeldUp, isTooMany } from "@/shared/graphql/retry";
import { usePreferences } from "@/shared/lib/preferences";
import { formatTime } from "@/shared/lib/time";
import { sentenceOf } from "@/shared/ui/ErrorState";

/** The state of the connection. A live link does not help while the server refuses queries. */
export function LinkIndicator() {
  const link = useLink();
  const held = useFailures().find(({ error }) => isHeldUp(error))?.error;
  const { zone } = usePreferences();
  const since = formatTime(new Date(link.since).toISOString(), zone);
  const phase = link.phase === "live" && held ? "held" : link.phase;
  const words = {
    connecting: "Connecting",
    live: "Live",
    held: held && isTooMany(held) ? "Requests refused" : "Not answering",
    reconnecting: "Reconnecting",
    offline: `Offline since ${since}`,
    "signed-out": "Signed out",
  }[phase];
  const title = {
    connecting: "Connecting",
    live: `Changes appear live; connected since ${since}`,
    held: `What you see may be out of date. ${held ? sentenceOf(held) : ""}`,
    reconnecting: `The connection was lost at ${since}. What you see may be out of date`,
    offline: "What you see is out of date. This page keeps trying to reconnect",
    "signed-out": "You have been signed out",
  }[phase];
  return (
    <span className={classes.indicator} data-phase={phase} role="status" title={title}>
      <span className={classes.dot} aria-hidden="true" />
      {words}
    </span>
  );
}
