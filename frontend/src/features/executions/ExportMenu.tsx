import { Button, Menu } from "@mantine/core";
import { type Search, searchOf, whereOf } from "./filters";

/** All that the filter finds, not only the rows that are loaded. The browser's own download shows its progress. */
export function ExportMenu({ search }: { search: Search }) {
  return (
    <Menu position="bottom-end" width={200} shadow="md">
      <Menu.Target>
        <Button size="sm">Export</Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component="a" href={exportAddress("csv", search)} download>
          CSV
        </Menu.Item>
        <Menu.Item component="a" href={exportAddress("json", search)} download>
          JSON, one a line
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

export function exportAddress(ending: "csv" | "json", search: Search): string {
  const where = whereOf(search);
  const words = searchOf(search);
  const asked = new URLSearchParams();
  if (where) asked.set("where", JSON.stringify(where));
  if (words) asked.set("search", words);
  return `/executions/export.${ending}${asked.size ? `?${asked}` : ""}`;
}
