import classes from "@/app/LinkIndicator.module.css";
import { useLink } from "@/shared/graphql/link";
import { usePreferences } from "@/shared/lib/preferences";
import { formatTime } from "@/shared/lib/time";

export function LinkIndicator() {
  const link = useLink();
  const { zone } = usePreferences();
  const since = formatTime(new Date(link.since).toISOString(), zone);
  const words = {
    connecting: "Connecting",
    live: "Live",
    reconnecting: "Reconnecting",
    offline: `Offline since ${since}`,
    "signed-out": "Signed out",
  }[link.phase];
  const title = {
    connecting: "Opening the connection",
    live: `Every change shows at once; connected since ${since}`,
    reconnecting: `The connection was lost at ${since}. What you see may be out of date`,
    offline: "What you see is out of date. This page keeps trying",
    "signed-out": "The server does not know this browser any more",
  }[link.phase];
  return (
    <span className={classes.indicator} data-phase={link.phase} role="status" title={title}>
      <span className={classes.dot} aria-hidden="true" />
      {words}
    </span>
  );
}
