import type { Actions } from "@/entities/execution/actions/useActions";
import type { ExecutionRecord } from "@/entities/execution/record";
import { StateBadge } from "@/shared/ui/StateBadge";

type Props = { record: ExecutionRecord; actions: Actions };

export function Header({ record: { head }, actions }: Props) {
  const asked = actions.asked?.id === head.id ? actions.asked.word : undefined;
  return (
    <header>
      <h1>{head.name}</h1>
      <span data-testid="state">
        <StateBadge state={head.state} asked={asked} />
      </span>
    </header>
  );
}
