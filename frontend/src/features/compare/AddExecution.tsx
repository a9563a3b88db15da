import { Button, Popover } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import {
  CompareChoicesDocument,
  type CompareChoicesQuery,
  type CompareChoicesQueryVariables,
} from "@/shared/graphql/gen/graphql";
import { usePreferences } from "@/shared/lib/preferences";
import { quoted } from "@/shared/lib/searchTerm";
import { formatTime } from "@/shared/lib/time";
import { type Finding, SearchSelect } from "@/shared/ui/SearchSelect";

type Props = {
  /** The flow whose executions are offered first. */
  like: { flowKey: string } | undefined;
  shown: readonly string[];
  onAdd: (id: string) => void;
};

const FOUND = 30;

/** Finds one more execution to compare with: of the same flow, or by a search. */
export function AddExecution({ like, shown, onAdd }: Props) {
  const [opened, setOpened] = useState(false);
  const { zone } = usePreferences();
  const finding: Finding<CompareChoicesQuery, CompareChoicesQueryVariables> = {
    document: CompareChoicesDocument,
    variables: (text) => ({
      search: text.trim() ? text : like ? `flow:${quoted(like.flowKey)}` : "",
      first: FOUND,
    }),
    choices: ({ executions }) =>
      executions.nodes
        .filter((one) => !shown.includes(one.id))
        .map((one) => ({ value: one.id, label: one.name, note: formatTime(one.createdAt, zone) })),
    most: FOUND,
  };
  return (
    <Popover opened={opened} onChange={setOpened} width={360} position="bottom-end" trapFocus>
      <Popover.Target>
        <Button
          leftSection={<IconPlus size={16} stroke={1.75} aria-hidden />}
          onClick={() => setOpened((before) => !before)}
        >
          Add
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Add an execution">
        <SearchSelect
          label="Execution"
          placeholder={like ? `Executions of ${like.flowKey}, or a search` : "A search"}
          finding={finding}
          value={null}
          onChange={(id) => {
            if (id) onAdd(id);
            setOpened(false);
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}
