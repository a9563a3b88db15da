import { Menu } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { ActionItem } from "@/entities/execution/actions/ActionItem";
import { exportAddress, type ListQuery, type Order } from "../address";
import type { Column } from "../columns/columns";
import { type Selection, whyNotExported } from "../selection/selection";
import { exportedOf } from "./ExportMenu";

type Props = { selection: Selection; query: ListQuery; order: Order; columns: readonly Column[] };

/** Downloads of the selection. */
export function ExportItems({ selection, query, order, columns }: Props) {
  const whyNot = whyNotExported(selection);
  const chosen: ListQuery = selection.all ? query : { where: { id: [...selection.ids] }, search: null };
  return (["csv", "json"] as const).map((ending) => {
    const word = `Export ${ending.toUpperCase()}`;
    if (whyNot)
      return (
        <ActionItem
          key={ending}
          word={word}
          icon={IconDownload}
          allowed={false}
          note={whyNot}
          onClick={refuse}
        />
      );
    return (
      <Menu.Item
        key={ending}
        component="a"
        download
        href={exportAddress(ending, chosen, order, exportedOf(columns))}
        leftSection={<IconDownload size={16} stroke={1.75} aria-hidden />}
      >
        {word}
      </Menu.Item>
    );
  });
}

function refuse() {}
