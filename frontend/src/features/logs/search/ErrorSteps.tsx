import { ActionIcon } from "@mantine/core";
import { IconChevronDown, IconChevronUp } from "@tabler/icons-react";
import { formatInteger, plural } from "@/shared/lib/number";
import classes from "../LogsPanel.module.css";

type Props = {
  count: number;
  complete: boolean;
  /** The number of the current error, from 1; 0 for none. */
  place: number;
  onStep: (step: 1 | -1) => void;
};

/** "Error 3 of 3", with buttons to step through them; hidden in a log without errors. */
export function ErrorSteps({ count, complete, place, onStep }: Props) {
  if (!count) return null;
  const total = `${formatInteger(count)}${complete ? "" : "+"}`;
  return (
    <span className={classes.errors}>
      <span>{place ? `Error ${formatInteger(place)} of ${total}` : errorWords(count, complete)}</span>
      <ActionIcon variant="subtle" color="gray" aria-label="Previous error" onClick={() => onStep(-1)}>
        <IconChevronUp size={16} stroke={1.75} />
      </ActionIcon>
      <ActionIcon variant="subtle" color="gray" aria-label="Next error" onClick={() => onStep(1)}>
        <IconChevronDown size={16} stroke={1.75} />
      </ActionIcon>
    </span>
  );
}

function errorWords(count: number, complete: boolean): string {
  return complete ? plural(count, "error") : `${formatInteger(count)}+ errors`;
}
