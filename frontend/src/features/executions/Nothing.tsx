import { Button } from "@mantine/core";
import { FirstFlowDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { usePreferences } from "@/shared/lib/preferences";
import { CopyCommand } from "@/shared/ui/CopyCommand";
import { EmptyState } from "@/shared/ui/EmptyState";
import type { Search } from "./address";
import classes from "./ExecutionsPage.module.css";
import { chipsOf } from "./filters/chips";

const NO_ERRORS: ReadonlyMap<string, string> = new Map();

/** Shown when nothing matches or nothing ever ran; either way the next step is one click away. */
export function Nothing({ search, onChange }: { search: Search; onChange: (search: Search) => void }) {
  const { zone } = usePreferences();
  const chips = chipsOf(search, { now: Date.now(), zone, errors: NO_ERRORS });
  const flow = useRead(FirstFlowDocument, {}, { paused: chips.length > 0 }).data?.flows.nodes[0];
  if (!chips.length) {
    return (
      <EmptyState title="Nothing has run here yet.">
        <CopyCommand command={`headway run ${flow ? `${flow.namespace}/${flow.key}` : "FILE.yaml"}`} />
      </EmptyState>
    );
  }
  if (search.waiting && chips.length === 1) return <EmptyState title="No executions are waiting for you." />;
  return (
    <EmptyState title="No executions match these filters.">
      <div className={classes.removals}>
        {chips.map((chip) => (
          <Button key={chip.key} onClick={() => onChange(chip.without)}>
            Remove “{chip.name ? `${chip.name}: ` : ""}
            {chip.value}”
          </Button>
        ))}
      </div>
    </EmptyState>
  );
}
