import { Button, Menu } from "@mantine/core";

const FILES = [
  { name: "Report (PDF)", path: "report.pdf" },
  { name: "Log (text)", path: "logs.txt" },
  { name: "Record (JSON)", path: "record.json?logs=true" },
] as const;

export function DownloadMenu({ id }: { id: string }) {
  return (
    <Menu position="bottom-end" width={200} shadow="md">
      <Menu.Target>
        <Button>Download</Button>
      </Menu.Target>
      <Menu.Dropdown>
        {FILES.map(({ name, path }) => (
          <Menu.Item key={path} component="a" href={`/executions/${encodeURIComponent(id)}/${path}`} download>
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
