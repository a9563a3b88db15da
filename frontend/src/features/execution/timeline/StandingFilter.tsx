import { STANDINGS, type Standing } from "@/entities/taskRun/standing";
import { formatInteger } from "@/shared/lib/number";
import { StateGlyph } from "@/shared/ui/StateGlyph";
import type { Shape, Tone } from "@/shared/ui/stateTokens";
import classes from "./StandingFilter.module.css";

const LOOKS: Record<Standing, { shape: Shape; tone: Tone }> = {
  waiting: { shape: "ring", tone: "calm" },
  running: { shape: "play", tone: "active" },
  failed: { shape: "cross", tone: "bad" },
  done: { shape: "check", tone: "good" },
  notRun: { shape: "dotted", tone: "calm" },
};

type Props = {
  counts: Record<Standing, number>;
  chosen: Standing | null;
  onChoose: (standing: Standing | null) => void;
};

/** How many task runs stand how; each shows only those. */
export function StandingFilter({ counts, chosen, onChoose }: Props) {
  return STANDINGS.filter(({ standing }) => counts[standing] > 0 || chosen === standing).map(
    ({ standing, word }) => (
      <button
        key={standing}
        type="button"
        className={classes.choice}
        data-tone={LOOKS[standing].tone}
        aria-pressed={chosen === standing}
        title={chosen === standing ? "Show all again" : `Show only these: ${word.toLowerCase()}`}
        onClick={() => onChoose(chosen === standing ? null : standing)}
      >
        <StateGlyph shape={LOOKS[standing].shape} size={12} />
        {formatInteger(counts[standing])}
        <span>{word}</span>
      </button>
    ),
  );
}
