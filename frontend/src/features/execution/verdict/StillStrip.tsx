import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useSettled } from "@/entities/execution/useActionsAndWaits";
import { useNow } from "@/shared/lib/now";
import { formatAgo } from "@/shared/lib/time";
import { STATE_TOKENS } from "@/shared/ui/stateTokens";
import { Time } from "@/shared/ui/Time";
import { SelectLink } from "./SelectLink";
import { Strip } from "./Strip";
import { listed } from "./sentence";
import { lastInto, type Reason, reasonsOf } from "./still";
import type { VerdictProps } from "./Verdict";

const STILL_AFTER = 2_000;

/** Why nothing progresses: who paused it, or which worker, slot, time or event is waited for. Hidden while a task runs. */
export function StillStrip({ record, facts, offered, actions }: VerdictProps) {
  const { head } = record;
  // A wait that lasts only a moment should not make a strip appear and disappear.
  const isSettled = useSettled(head.seq, STILL_AFTER) === head.seq;
  const reasons = reasonsOf(record, offered.actionsAndWaits.waitingFor);
  const paused = head.state === "PAUSED" ? lastInto(facts?.stateHistory ?? [], ["PAUSED"]) : null;
  if (head.state === "PAUSED") {
    const resume = offered.offers.find(({ spec }) => spec.action === "RESUME");
    return (
      <Strip
        label="Why it is waiting"
        tone="warn"
        quiet
        who={<PausedBy paused={paused} />}
        cause={paused?.reason ?? "Nothing new starts until it is resumed"}
        fix={
          resume?.allowed && (
            <Button variant="filled" onClick={() => actions.start(resume.spec, offered.target, "now")}>
              Resume
            </Button>
          )
        }
      />
    );
  }
  if (!reasons.length || !isSettled) return null;
  const [first, ...rest] = reasons;
  return (
    <Strip
      label="Why it is waiting"
      tone={STATE_TOKENS[head.state].tone === "stop" ? "stop" : "calm"}
      quiet
      who={<WhoWaits id={head.id} reason={first!} />}
      cause={<Sentence reason={first!} />}
      also={
        rest.length > 0 && (
          <ul aria-label="Other reasons">
            {rest.map((reason) => (
              <li key={`${reason.code}${reason.message}`}>
                <WhoWaits id={head.id} reason={reason} />: <Sentence reason={reason} />
              </li>
            ))}
          </ul>
        )
      }
    />
  );
}

function PausedBy({ paused }: { paused: ReturnType<typeof lastInto> }) {
  const now = useNow(true);
  if (!paused) return "Paused";
  return (
    <>
      Paused by <b>{paused.actor.name}</b> {formatAgo(Date.parse(paused.at), now)}
    </>
  );
}

function WhoWaits({ id, reason: { keys } }: { id: string; reason: Reason }) {
  const [key] = keys;
  if (!key) return "The execution waits";
  return (
    <>
      <SelectLink id={id} part={{ task: key, attempt: undefined }}>
        {listed(keys)}
      </SelectLink>{" "}
      {keys.length === 1 ? "waits" : "wait"}
    </>
  );
}

/** The server's message, with the time in the page's time zone. */
function Sentence({ reason: { message, until, execution } }: { reason: Reason }) {
  return (
    <>
      {message[0]!.toUpperCase() + message.slice(1)}
      {until && (
        <>
          , until <Time at={until} />
        </>
      )}
      {execution && (
        <>
          {" "}
          <Link to="/executions/$id" params={{ id: execution.id }} search={{}}>
            {execution.name}
          </Link>
        </>
      )}
    </>
  );
}
