import { Tooltip } from "@mantine/core";
import type { Offer, PageAction } from "@/entities/execution/actions/registry";
import type { Actions } from "@/entities/execution/actions/useActions";
import type { ExecutionState } from "@/shared/graphql/gen/graphql";
import { OfferButton } from "@/shared/ui/OfferButton";
import { isEnded } from "@/shared/ui/stateTokens";
import type { Offered } from "../useOffers";
import classes from "./HeaderActions.module.css";
import { MoreMenu } from "./MoreMenu";

type Props = { offered: Offered; actions: Actions };

/** The most likely actions as buttons, the rest in the menu. */
export function HeaderActions({ offered: { offers, target }, actions }: Props) {
  const wanted = wantedOf(target.state as ExecutionState);
  const buttons = wanted.flatMap((action) => offers.find(({ spec }) => spec.action === action) ?? []);
  const start = ({ spec }: Offer) => actions.start(spec, target);
  return (
    <div className={classes.acts}>
      {buttons.map((offer) => (
        <Tooltip key={offer.spec.action} label={offer.spec.description} disabled={!offer.allowed}>
          <span className={classes.wide}>
            <OfferButton
              className={classes.button}
              data-danger={(offer.spec.danger && offer.allowed) || undefined}
              allowed={offer.allowed}
              reason={offer.reason}
              onClick={() => start(offer)}
            >
              {offer.spec.word}
            </OfferButton>
          </span>
        </Tooltip>
      ))}
      <MoreMenu id={target.id} name={target.name} offers={offers} onStart={start} />
    </div>
  );
}

/** One or two actions: pausing or cancelling while it runs, restarting or replaying once it has ended. */
export function wantedOf(state: ExecutionState): readonly PageAction[] {
  if (isEnded(state)) return ["RUN_AGAIN"];
  return state === "PAUSED" ? ["RESUME", "CANCEL"] : ["PAUSE", "CANCEL"];
}
