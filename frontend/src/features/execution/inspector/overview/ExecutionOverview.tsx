import { specOf } from "@/entities/execution/actions/registry";
import type { Actions } from "@/entities/execution/actions/useActions";
import type { ExecutionRecord } from "@/entities/execution/record";
import { ExecutionActionsAndWaitsDocument, OverviewFactsDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { ErrorState } from "@/shared/ui/ErrorState";
import { isEmpty, JsonTree } from "@/shared/ui/JsonTree";
import { OfferButton } from "@/shared/ui/OfferButton";
import { StateBadge } from "@/shared/ui/StateBadge";
import { useSelection } from "../../useSelection";
import { None, Section } from "../Section";
import { lastOf, TELLS } from "../version";
import { ErrorBlock } from "./ErrorBlock";
import { Git } from "./Git";
import { Identity } from "./Identity";
import { Inputs } from "./Inputs";
import { Labels } from "./Labels";
import { Notes } from "./Notes";
import { Relatives } from "./Relatives";
import { StateStrip } from "./StateStrip";
import classes from "./StateStrip.module.css";

export function ExecutionOverview({ record, actions }: { record: ExecutionRecord; actions: Actions }) {
  const { head } = record;
  const { at } = useSelection();
  const { data, error, loading } = useRead(
    OverviewFactsDocument,
    { id: head.id, at: at ?? null },
    { version: `${head.state}${lastOf(record, TELLS)}` },
  );
  const facts = data?.execution ?? undefined;
  const actionsAndWaits = useRead(ExecutionActionsAndWaitsDocument, { id: head.id }, { version: head.state });
  const offer = (action: "SET_LABELS" | "ADD_NOTE", words: string) => {
    const answer = actionsAndWaits.data?.execution?.availableActions.find((one) => one.action === action);
    if (!answer || answer.code === "FORBIDDEN") return undefined;
    const target = { id: head.id, name: head.name, state: head.state, labels: head.labels };
    return (
      <OfferButton
        variant="subtle"
        size="compact-sm"
        allowed={answer.allowed}
        reason={answer.reason}
        onClick={() => actions.start(specOf(action), target)}
      >
        {words}
      </OfferButton>
    );
  };
  return (
    <>
      {error && <ErrorState error={error} what="The overview" />}
      <section aria-label="State" className={classes.state}>
        <StateStrip
          badge={<StateBadge state={head.state} plain />}
          steps={facts?.stateHistory ?? []}
          startedAt={head.startedAt}
          endedAt={head.endedAt}
          idle={head.idle}
        />
      </section>
      <Identity id={head.id} />
      {head.failure && !head.failure.taskRun && <ErrorBlock error={head.failure} />}
      <Section title="Inputs" note={sinceWhen(facts)}>
        <Inputs now={facts?.inputs} before={facts?.lastSuccess?.inputs} loading={loading} />
      </Section>
      <Section title="Outputs">
        {isEmpty(facts?.outputs) ? (
          <None>{head.endedAt ? "No outputs." : "No outputs yet: they appear when the execution ends."}</None>
        ) : (
          <JsonTree label="Outputs" value={facts?.outputs} />
        )}
      </Section>
      <Section title="Labels" action={offer("SET_LABELS", "Edit labels")}>
        <Labels labels={head.labels} />
      </Section>
      <Section title="Notes" action={offer("ADD_NOTE", "Add note")}>
        <Notes notes={[...record.notes.values()]} />
      </Section>
      {head.git && (
        <Section title="Code">
          <Git git={head.git} />
        </Section>
      )}
      {!isEmpty(facts?.properties) && (
        <Section title="Properties">
          <JsonTree label="Properties" value={facts?.properties} />
        </Section>
      )}
      <Section title="Related executions">
        <Relatives started={[...record.children.values()]} facts={facts} loading={loading} />
      </Section>
    </>
  );
}

function sinceWhen(facts: { lastSuccess: { name: string } | null } | undefined) {
  return facts?.lastSuccess ? `compared with the last success, ${facts.lastSuccess.name}` : undefined;
}
