import { Kbd, Menu } from "@mantine/core";
import type { Icon } from "@tabler/icons-react";
import classes from "./ActionItem.module.css";

type Props = {
  word: string;
  icon: Icon;
  /** A second line: why it is not possible, or how it differs from its neighbours. */
  note?: string | null | undefined;
  hotkey?: string;
  allowed?: boolean;
  danger?: boolean | undefined;
  onClick: () => void;
};

/** A line of a menu. One that is not possible now stays readable, with its reason, and is reached by keys. */
export function ActionItem({ word, icon: Glyph, note, hotkey, allowed = true, danger, onClick }: Props) {
  return (
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
  );
}
