import classes from "./StateBadge.module.css";
import { StateGlyph } from "./StateGlyph";
import { type AnyState, STATE_TOKENS } from "./stateTokens";

type Props = { state: AnyState; asked?: string | undefined; plain?: boolean };

/** Shape, word and colour. `asked` is what somebody just asked for and the server has not confirmed. */
export function StateBadge({ state, asked, plain = false }: Props) {
  const token = STATE_TOKENS[state];
  return (
    <span
      className={classes.badge}
      data-tone={token.tone}
      data-asked={asked ? true : undefined}
      data-plain={plain || undefined}
      data-state={state}
    >
      <StateGlyph shape={token.shape} />
      {asked ?? token.word}
    </span>
  );
}
