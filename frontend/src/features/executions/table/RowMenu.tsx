import { ActionIcon, Menu } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconDots, IconFilter, IconLink } from "@tabler/icons-react";
import { memo } from "react";
import { ActionItem } from "@/entities/execution/actions/ActionItem";
import { offersOf } from "@/entities/execution/actions/registry";
import type { Actions } from "@/entities/execution/actions/useActions";
import { useShownError } from "@/shared/graphql/failures";
import { ExecutionActionsDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { quoted } from "@/shared/lib/searchTerm";
import { isEnded } from "@/shared/ui/stateTokens";
import type { Row } from "../rows/rows";

type Props = {
  row: Row;
  opened: boolean;
  onMenu: (id: string | null) => void;
  onFilter: (term: string) => void;
  start: Actions["start"];
};

/** Closed, it does not change with its row: a list of a hundred would render a hundred menus at every batch. */
export const RowMenu = memo(function RowMenu({ row, opened, onMenu, onFilter, start }: Props) {
  const clipboard = useClipboard();
  const address = `${window.location.origin}/executions/${row.id}`;
  return (
    <Menu
      opened={opened}
      onChange={(open) => onMenu(open ? row.id : null)}
      position="bottom-end"
      width={290}
      shadow="md"
    >
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={28} aria-label={`Actions for ${row.name}`}>
          <IconDots size={16} stroke={1.75} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {opened && <Offers row={row} start={start} />}
        <Menu.Divider />
        <ActionItem
          word="Only this flow"
          icon={IconFilter}
          onClick={() => onFilter(`flow:${quoted(row.flowKey)}`)}
        />
        <ActionItem word="Copy link" icon={IconLink} onClick={() => clipboard.copy(address)} />
        <ActionItem word="Copy id" icon={IconLink} onClick={() => clipboard.copy(row.id)} />
      </Menu.Dropdown>
    </Menu>
  );
}, isSameMenu);

function isSameMenu(before: Props, after: Props): boolean {
  const closed = !before.opened && !after.opened;
  return (
    closed &&
    before.row.id === after.row.id &&
    before.row.name === after.row.name &&
    before.onMenu === after.onMenu
  );
}

/** The actions are read when the menu opens, so that the list does not contain all actions of all rows. */
function Offers({ row, start }: { row: Row; start: Actions["start"] }) {
  const { data, error } = useRead(ExecutionActionsDocument, { id: row.id }, { version: row.seq });
  useShownError(data ? undefined : error);
  if (error && !data) return <Menu.Label>Actions could not be loaded</Menu.Label>;
  if (!data) return <Menu.Label>Loading actions…</Menu.Label>;
  const offers = offersOf(data.execution?.availableActions ?? []);
  const target = {
    id: row.id,
    name: row.name,
    labels: data.execution?.labels ?? row.labels,
    flow: { namespace: row.namespace, key: row.flowKey },
    children: data.execution?.children.filter((child) => !isEnded(child.state)).length ?? 0,
  };
  return offers.map(({ spec, allowed, reason }) => (
    <ActionItem
      key={spec.action}
      word={spec.word}
      icon={spec.icon}
      danger={spec.danger}
      allowed={allowed}
      note={reason}
      description={spec.description}
      onClick={() => start(spec, target)}
    />
  ));
}
