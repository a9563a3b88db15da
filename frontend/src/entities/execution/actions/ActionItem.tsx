import { Kbd, Menu, Tooltip } from "@mantine/core";
import type { Icon } from "@tabler/icons-react";
import classes from "./ActionItem.module.css";

type Props = {
  word: string;
  icon: Icon;
  /** A second line: why the action is not possible, or how it differs from its neighbours. */
  note?: string | null | undefined;
  /** A tooltip with how it differs from its neighbours, where there is no room for a second line. */
  description?: string | undefined;
  hotkey?: string;
  allowed?: boolean;
  danger?: boolean | undefined;
  onClick: () => void;
};

/** A menu item. An item that is disabled now stays readable, with its reason, and reachable by keyboard. */
export function ActionItem(props: Props) {
  const { word, icon: Glyph, note, description, hotkey, allowed = true, danger, onClick } = props;
  return (
    <Tooltip label={description} position="left" disabled={!description}>
      <Menu.Item
        className={classes.item}
        data-danger={(danger && allowed) || undefined}
        aria-disabled={!allowed || undefined}
        closeMenuOnClick={allowed}
        leftSection={<Glyph size={16} stroke={1.75} aria-hidden />}
        rightSection={hotkey ? <Kbd size="xs">{hotkey}</Kbd> : undefined}
        onClick={() => allowed && onClick()}
      >
        {word}
        {note && <span className={classes.note}>{note}</span>}
      </Menu.Item>
    </Tooltip>
  );
}
