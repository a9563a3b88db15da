import type { ExecutionState } from "@/shared/graphql/gen/graphql";
import { StateBadge } from "@/shared/ui/StateBadge";
import { EXECUTION_STATES } from "@/shared/ui/stateTokens";
import classes from "./FilterBar.module.css";

type Props = { states: readonly ExecutionState[]; onChange: (states: ExecutionState[]) => void };

export function StateChoices({ states, onChange }: Props) {
  const toggle = (state: ExecutionState, on: boolean) =>
    onChange(on ? [...states, state] : states.filter((other) => other !== state));
  return (
    <fieldset className={classes.choices} style={{ border: 0, margin: 0, padding: 0 }}>
      <legend className="hw-hidden">States to show</legend>
      {EXECUTION_STATES.map((state) => (
        <label key={state} className={classes.choice}>
          <input
            type="checkbox"
            checked={states.includes(state)}
            onChange={(event) => toggle(state, event.currentTarget.checked)}
          />
          <StateBadge state={state} plain />
        </label>
      ))}
    </fieldset>
  );
}
