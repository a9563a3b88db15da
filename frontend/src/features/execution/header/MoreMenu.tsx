import { ActionIcon, Menu } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconBraces, IconDots, IconFileText, IconLink, IconReport } from "@tabler/icons-react";
import { ActionItem } from "@/entities/execution/actions/ActionItem";
import type { Offer } from "@/entities/execution/actions/registry";
import classes from "./HeaderActions.module.css";

const FILES = [
  { name: "Report as PDF", path: "report.pdf", Glyph: IconReport },
  { name: "Log as text", path: "logs.txt", Glyph: IconFileText },
  { name: "Record as JSON", path: "record.json?logs=true", Glyph: IconBraces },
] as const;

type Props = { id: string; name: string; offers: readonly Offer[]; onStart: (offer: Offer) => void };

/** All available actions of the execution, disabled ones with their reason; and its downloads. */
export function MoreMenu({ id, name, offers, onStart }: Props) {
  const clipboard = useClipboard();
  // The menu scrolls on a low screen, so its items must be reachable by Tab, too.
  return (
    <Menu menuItemTabIndex={0} width={290} position="bottom-end" transitionProps={{ duration: 80 }}>
      <Menu.Target>
        <ActionIcon className={classes.square} variant="subtle" color="gray" aria-label={`More for ${name}`}>
          <IconDots size={18} stroke={1.75} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown className={classes.menu}>
        {offers.map((offer) => (
          <ActionItem
            key={offer.spec.action}
            word={offer.spec.word}
            icon={offer.spec.icon}
            hotkey={offer.spec.key}
            danger={offer.spec.danger}
            allowed={offer.allowed}
            note={offer.reason}
            description={offer.spec.description}
            onClick={() => onStart(offer)}
          />
        ))}
        {offers.length > 0 && <Menu.Divider />}
        {FILES.map(({ name: file, path, Glyph }) => (
          <Menu.Item
            key={path}
            component="a"
            href={`/executions/${encodeURIComponent(id)}/${path}`}
            download
            leftSection={<Glyph size={16} stroke={1.75} aria-hidden />}
          >
            {file}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <ActionItem
          word="Copy link"
          icon={IconLink}
          onClick={() => clipboard.copy(`${window.location.origin}/executions/${id}`)}
        />
        <ActionItem word="Copy id" icon={IconLink} onClick={() => clipboard.copy(id)} />
      </Menu.Dropdown>
    </Menu>
  );
}
