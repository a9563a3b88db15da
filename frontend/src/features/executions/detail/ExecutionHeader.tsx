import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { ExecutionPageQuery } from "@/shared/graphql/gen/graphql";
import { formatDuration } from "@/shared/lib/duration";
import { Duration } from "@/shared/ui/Duration";
import { OfferButton } from "@/shared/ui/OfferButton";
import { ProgressBar } from "@/shared/ui/ProgressBar";
import { StateBadge } from "@/shared/ui/StateBadge";
import { isEnded, STATE_TOKENS } from "@/shared/ui/stateTokens";
import { Time } from "@/shared/ui/Time";
import { type Offer, offersOf } from "../actions/registry";
import type { Actions } from "../actions/useActions";
import { RunDialog } from "../run/RunDialog";
import { useWhyNotRun } from "../run/useWhyNotRun";
import { DownloadMenu } from "./DownloadMenu";
import classes from "./ExecutionHeader.module.css";
import { MoreActions } from "./MoreActions";
import { Relatives } from "./Relatives";
import type { View } from "./view";

type Props = { view: View; neighbours: ExecutionPageQuery["execution"]; actions: Actions };

const RECORDED = "It ran elsewhere and is only recorded here.";

export function ExecutionHeader({ view, neighbours, actions }: Props) {
  const [running, setRunning] = useState(false);
  const whyNotRun = useWhyNotRun();
  const recorded = view.origin === "EXTERNAL";
  const whyNotAgain = recorded ? RECORDED : whyNotRun;
  const offers = offersOf(view.availableActions);
  const asked = actions.asked?.id === view.id ? actions.asked.word : undefined;
  return (
    <header className={classes.header}>
      <nav className={classes.crumbs} aria-label="Breadcrumb">
        <Link to="/" search={{}}>
          Executions
        </Link>
        <span aria-hidden="true">/</span>
        <Link to="/" search={{ namespace: view.namespace } as never}>
          {view.namespace}
        </Link>
        <span aria-hidden="true">/</span>
        <Link to="/" search={{ namespace: view.namespace, flow: view.flowKey } as never}>
          {view.flowKey}
        </Link>
        <Neighbours neighbours={neighbours} />
      </nav>
      <div className={classes.main}>
        <h1 className={classes.name}>{view.name}</h1>
        <span data-testid="state">
          <StateBadge state={view.state} asked={asked} />
        </span>
        {recorded && (
          <span className={classes.label} title={RECORDED}>
            Recorded
          </span>
        )}
        <div className={classes.actions} role="group" aria-label="Actions">
          {offers
            .filter((offer) => !offer.spec.more)
            .map((offer) => (
              <ActionButton
                key={offer.spec.action}
                offer={offer}
                onStart={() => actions.start(offer.spec, view)}
              />
            ))}
          <OfferButton allowed={!whyNotAgain} reason={whyNotAgain} onClick={() => setRunning(true)}>
            Run again
          </OfferButton>
          <DownloadMenu id={view.id} />
          <MoreActions
            offers={offers.filter((offer) => offer.spec.more)}
            onStart={(spec) => actions.start(spec, view)}
          />
        </div>
      </div>
      {!isEnded(view.state) && <ProgressBar value={view.progress} label="Progress" tone={toneOf(view)} />}
      <Facts view={view} />
      {neighbours && <Relatives execution={neighbours} />}
      {running && <RunDialog again={view} onClose={() => setRunning(false)} />}
    </header>
  );
}

const MAIN = new Set(["RETRY_FAILED", "RESTART"]);

function ActionButton({ offer, onStart }: { offer: Offer; onStart: () => void }) {
  const { spec, allowed, reason } = offer;
  return (
    <OfferButton
      variant={allowed && MAIN.has(spec.action) ? "filled" : "default"}
      className={spec.danger && allowed ? classes.danger : undefined}
      allowed={allowed}
      reason={reason}
      onClick={onStart}
    >
      {spec.word}
    </OfferButton>
  );
}

function Facts({ view }: { view: View }) {
  return (
    <dl className={classes.facts}>
      <Fact name="Duration">
        <Duration startedAt={view.startedAt} endedAt={view.endedAt ?? view.idleSince} idle={view.idle} />
      </Fact>
      <Fact name="Started">
        <Time at={view.startedAt} />
      </Fact>
      {view.endedAt && (
        <Fact name="Ended">
          <Time at={view.endedAt} />
        </Fact>
      )}
      {view.queuedFor !== null && view.queuedFor >= 1 && (
        <Fact name="Queued">{formatDuration(view.queuedFor)}</Fact>
      )}
      <Fact name="By">{view.createdBy.name}</Fact>
      <Fact name="Kind">{view.kind}</Fact>
      {view.revision && <Fact name="Revision">{view.revision.number}</Fact>}
      {view.labels.length > 0 && (
        <Fact name="Labels">
          <span className={classes.labels}>
            {view.labels.map((label) => (
              <span key={label.key} className={classes.label}>
                {label.key}={label.value}
              </span>
            ))}
          </span>
        </Fact>
      )}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className={classes.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Neighbours({ neighbours }: { neighbours: ExecutionPageQuery["execution"] }) {
  const { previous, next } = neighbours ?? {};
  return (
    <span className={classes.neighbours}>
      {previous && (
        <Link
          to="/executions/$id"
          params={{ id: previous.id }}
          search={{}}
          title="The flow's execution before ([)"
        >
          ‹ Previous
        </Link>
      )}
      {next && (
        <Link
          to="/executions/$id"
          params={{ id: next.id }}
          search={{}}
          title="The flow's execution after (])"
        >
          Next ›
        </Link>
      )}
    </span>
  );
}

function toneOf(view: View): "active" | "bad" {
  return STATE_TOKENS[view.state].tone === "bad" ? "bad" : "active";
}
