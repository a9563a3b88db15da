import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { type Asked, exportAddress, type Order } from "../address";
import type { Column } from "../columns/columns";

type Props = { asked: Asked; order: Order; columns: readonly Column[] };

/** All that the filter finds, not only the rows that are loaded, in the order and with the columns that are shown. */
export function ExportMenu({ asked, order, columns }: Props) {
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
        <Menu.Item component="a" href={exportAddress("csv", asked, order, names)} download>
          CSV
        </Menu.Item>
        <Menu.Item component="a" href={exportAddress("json", asked, order, names)} download>
          JSON, one a line
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** The id and the error are always worth having. */
export function exportedOf(columns: readonly Column[]): string[] {
  return [
    ...new Set(["id", ...columns.flatMap((column) => column.exported), "failureTask", "failureMessage"]),
  ];
}
