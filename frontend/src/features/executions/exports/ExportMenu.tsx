import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { exportAddress, type ListQuery, type Order } from "../address";
import type { Column } from "../columns/columns";

type Props = { query: ListQuery; order: Order; columns: readonly Column[] };

/** Exports all matches of the filter, not only loaded rows, in the order and with the columns of the list. */
export function ExportMenu({ query, order, columns }: Props) {
  const names = exportedOf(columns);
  return (
    <Menu width={220}>
      <Menu.Target>
        <Tooltip label="Export all that match">
          <ActionIcon variant="subtle" color="gray" size="var(--hw-control)" aria-label="Export">
            <IconDownload size={16} stroke={1.75} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component="a" href={exportAddress("csv", query, order, names)} download>
          CSV
        </Menu.Item>
        <Menu.Item component="a" href={exportAddress("json", query, order, names)} download>
          JSON, one a line
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** The id and the error are always included. */
export function exportedOf(columns: readonly Column[]): string[] {
  return [
    ...new Set(["id", ...columns.flatMap((column) => column.exported), "failureTask", "failureMessage"]),
  ];
}
