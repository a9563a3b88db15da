import classes from "./StateBadge.module.css";
import { StateGlyph } from "./StateGlyph";
import { type AnyState, STATE_TOKENS, type StateToken } from "./stateTokens";

type Props = {
  state: AnyState;
  /** The token to show, where it differs from that of the state. */
  token?: StateToken;
  pending?: string | undefined;
  plain?: boolean;
};

/** Shape, word and colour of a state. `pending` is the word for an action that the server has not confirmed yet. */
export function StateBadge({ state, token = STATE_TOKENS[state], pending, plain = false }: Props) {
  return (
    <span
      className={classes.badge}
      data-tone={token.tone}
      data-pending={pending ? true : undefined}
      data-plain={plain || undefined}
      data-state={state}
    >
      <StateGlyph shape={token.shape} />
      {pending ?? token.word}
    </span>
  );
}
