import { STATE_GROUPS, type StateGroup } from "@/entities/taskRun/stateGroup";
import { formatInteger } from "@/shared/lib/number";
import { StateGlyph } from "@/shared/ui/StateGlyph";
import type { Shape, Tone } from "@/shared/ui/stateTokens";
import classes from "./StateGroupFilter.module.css";

const LOOKS: Record<StateGroup, { shape: Shape; tone: Tone }> = {
  waiting: { shape: "ring", tone: "calm" },
  running: { shape: "play", tone: "active" },
  failed: { shape: "cross", tone: "bad" },
  done: { shape: "check", tone: "good" },
  notRun: { shape: "dotted", tone: "calm" },
};

type Props = {
  counts: Record<StateGroup, number>;
  chosen: StateGroup | null;
  onChoose: (group: StateGroup | null) => void;
};

/** The number of task runs in each group; a click shows only those. */
export function StateGroupFilter({ counts, chosen, onChoose }: Props) {
  return STATE_GROUPS.filter(({ group }) => counts[group] > 0 || chosen === group).map(({ group, word }) => (
    <button
      key={group}
      type="button"
      className={classes.choice}
      data-tone={LOOKS[group].tone}
      aria-pressed={chosen === group}
      title={chosen === group ? "Show all again" : `Show only these: ${word.toLowerCase()}`}
      onClick={() => onChoose(chosen === group ? null : group)}
    >
      <StateGlyph shape={LOOKS[group].shape} size={12} />
      {formatInteger(counts[group])}
      <span>{word}</span>
    </button>
  ));
}
