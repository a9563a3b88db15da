import { ActionIcon, Button, Menu } from "@mantine/core";
import {
  IconArrowsLeftRight,
  IconChevronUp,
  IconPlayerStop,
  IconRefresh,
  IconTag,
  IconX,
} from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { ActionItem } from "@/entities/execution/actions/ActionItem";
import { formatCount, formatInteger } from "@/shared/lib/number";
import { OfferButton } from "@/shared/ui/OfferButton";
import type { ListQuery, Order } from "../address";
import { type BulkAction, MORE, ON_THE_BAR } from "../bulk/bulk";
import type { Column } from "../columns/columns";
import { ExportItems } from "../exports/ExportItems";
import classes from "./SelectionBar.module.css";
import { type Selection, whyNotCompared } from "./selection";

type Props = {
  selection: Selection;
  total: { value: number; exact: boolean };
  query: ListQuery;
  order: Order;
  columns: readonly Column[];
  onAll: () => void;
  onClear: () => void;
  onAction: (action: BulkAction) => void;
};

const ICONS = [
  <IconRefresh key="restart" size={16} stroke={1.75} aria-hidden />,
  <IconPlayerStop key="cancel" size={16} stroke={1.75} aria-hidden />,
  <IconTag key="labels" size={16} stroke={1.75} aria-hidden />,
];

/** The actions on the selection. */
export function SelectionBar({ selection, total, query, order, columns, onAll, onClear, onAction }: Props) {
  const navigate = useNavigate();
  const count = selection.all ? formatCount(total) : formatInteger(selection.ids.size);
  const whyNot = whyNotCompared(selection);
  const canTakeAll = !selection.all && (!total.exact || total.value > selection.ids.size);
  return (
    <div className={classes.bar} role="toolbar" aria-label={`${count} selected`}>
      <span className={classes.count} role="status">
        {count} selected
      </span>
      {canTakeAll && (
        <button type="button" className={classes.all} onClick={onAll}>
          Select all {formatCount(total)} that match
        </button>
      )}
      <span className={classes.line} />
      {ON_THE_BAR.map((action, at) => (
        <Button
          key={action.action}
          variant={at === 0 ? "filled" : "subtle"}
          color={at === 0 ? "ink" : "gray"}
          leftSection={ICONS[at]}
          onClick={() => onAction(action)}
        >
          {action.word}
        </Button>
      ))}
      <OfferButton
        variant="subtle"
        color="gray"
        leftSection={<IconArrowsLeftRight size={16} stroke={1.75} aria-hidden />}
        allowed={whyNot === null}
        reason={whyNot}
        onClick={() => void navigate({ to: "/compare", search: { ids: [...selection.ids].join(",") } })}
      >
        Compare
      </OfferButton>
      <Menu position="top-end" width={220}>
        <Menu.Target>
          <Button
            variant="subtle"
            color="gray"
            rightSection={<IconChevronUp size={14} stroke={1.75} aria-hidden />}
          >
            More
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {MORE.map((action) => (
            <ActionItem
              key={action.action}
              word={action.word}
              icon={action.spec.icon}
              danger={action.spec.danger}
              description={action.spec.description}
              onClick={() => onAction(action)}
            />
          ))}
          <Menu.Divider />
          <ExportItems selection={selection} query={query} order={order} columns={columns} />
        </Menu.Dropdown>
      </Menu>
      <span className={classes.line} />
      <ActionIcon
        variant="subtle"
        color="gray"
        size="var(--hw-control-s)"
        aria-label="Clear the selection"
        onClick={onClear}
      >
        <IconX size={16} stroke={1.75} aria-hidden />
      </ActionIcon>
    </div>
  );
}
