import { ActionIcon, Menu } from "@mantine/core";
import { IconCopy, IconDownload } from "@tabler/icons-react";

type Props = {
  /** The address of everything that the filter shows; null where there is no such file, as of a past moment. */
  download: string | null;
  /** The address of only those lines that the search finds. */
  found: string | null;
  find: string;
  copyWords: string;
  onCopy: () => void;
};

export function LogFiles({ download, found, find, copyWords, onCopy }: Props) {
  const icon = <IconDownload size={16} stroke={1.75} />;
  return (
    <>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={copyWords}
        title={copyWords}
        data-copy
        onClick={onCopy}
      >
        <IconCopy size={16} stroke={1.75} />
      </ActionIcon>
      {download && !found && (
        <ActionIcon
          variant="subtle"
          color="gray"
          component="a"
          href={download}
          download
          aria-label="Download what the filter shows"
          title="Download what the filter shows"
        >
          {icon}
        </ActionIcon>
      )}
      {download && found && (
        <Menu width={240} withInitialFocusPlaceholder={false}>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label="Download">
              {icon}
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item component="a" href={download} download>
              What the filter shows
            </Menu.Item>
            <Menu.Item component="a" href={found} download>
              Only lines with “{find.length > 24 ? `${find.slice(0, 24)}…` : find}”
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
    </>
  );
}
