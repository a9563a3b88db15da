import classes from "./StateBadge.module.css";
import { StateGlyph } from "./StateGlyph";
import { type AnyState, STATE_TOKENS, type StateToken } from "./stateTokens";

type Props = {
  state: AnyState;
  /** How it is told here, where that differs from what the state is called. */
  token?: StateToken;
  asked?: string | undefined;
  plain?: boolean;
};

/** Shape, word and colour. `asked` is what somebody just asked for and the server has not confirmed. */
export function StateBadge({ state, token = STATE_TOKENS[state], asked, plain = false }: Props) {
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
