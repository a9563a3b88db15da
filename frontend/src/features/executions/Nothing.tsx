import { Button } from "@mantine/core";
import { CopyCommand } from "@/shared/ui/CopyCommand";
import { EmptyState } from "@/shared/ui/EmptyState";
import classes from "./ExecutionsPage.module.css";
import type { Chip, Search } from "./filters";

type Props = {
  chips: readonly Chip[];
  flow: { namespace: string; key: string } | undefined;
  onChange: (search: Search) => void;
};

/** Nothing matches, or nothing ever ran: either way the next step is one click. */
export function Nothing({ chips, flow, onChange }: Props) {
  if (!chips.length) {
    return (
      <EmptyState title="Nothing has run here yet.">
        <CopyCommand command={`headway run ${flow ? `${flow.namespace}/${flow.key}` : "FILE.yaml"}`} />
      </EmptyState>
    );
  }
  return (
    <EmptyState title="Nothing matches these filters.">
      <div className={classes.removals}>
        {chips.map((chip) => (
          <Button key={chip.key} onClick={() => onChange(chip.without)}>
            Remove “{chip.name}: {chip.value}”
          </Button>
        ))}
      </div>
    </EmptyState>
  );
}
