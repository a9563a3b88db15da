import { ActionIcon, Menu } from "@mantine/core";
import { IconCopy, IconDownload } from "@tabler/icons-react";

type Props = {
  /** The URL of the download of all lines of the filter; null where there is none, as for a past moment. */
  download: string | null;
  /** The URL of the download of only the lines that match the search. */
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
          aria-label="Download the filtered lines"
          title="Download the filtered lines"
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
