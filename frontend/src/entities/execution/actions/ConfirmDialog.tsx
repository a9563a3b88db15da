import { Checkbox, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useSubmit } from "@/shared/lib/useSubmit";
import { DialogForm } from "./DialogForm";
import { PlanTable } from "./PlanTable";
import type { Outcome } from "./perform";
import { type ActionSpec, inputOf, type Refusal } from "./registry";
import type { Target } from "./useActions";
import { usePlan } from "./usePlan";

type Confirmed = { reason: string | null; cascade?: boolean };
type Props = {
  spec: ActionSpec;
  target: Target;
  onClose: () => void;
  onConfirm: (input: Confirmed) => Promise<Outcome>;
};

/** Asks for confirmation: shows the plan, takes a reason, and offers to include subflows. */
export function ConfirmDialog({ spec, target, onClose, onConfirm }: Props) {
  const [reason, setReason] = useState("");
  const [cascade, setCascade] = useState(true);
  const { submit, busy, problems } = useSubmit<Confirmed, Refusal, Outcome>(onConfirm, onClose);
  const plan = usePlan(spec, inputOf(spec, target.id, target.given ?? {}));
  const reaches = spec.cascade && target.children ? spec.cascade : null;
  const from = target.given?.fromTask;
  return (
    <DialogForm
      title={spec.confirm?.title}
      verb={spec.confirm?.verb ?? spec.word}
      keep="Leave as it is"
      danger={spec.danger}
      busy={busy}
      problems={problems.length ? problems : (plan?.problems ?? [])}
      onClose={onClose}
      onSubmit={() => submit({ reason: reason.trim() || null, ...(reaches && { cascade }) })}
    >
      <Text size="sm" fw={600}>
        {target.name}
        {from !== undefined && `, from ${from}`}
      </Text>
      <Text size="sm" c="dimmed">
        {spec.confirm?.text}
      </Text>
      {plan?.plan && <PlanTable tasks={plan.plan} />}
      {reaches && (
        <Checkbox
          label={reaches}
          description={`${target.children} of them are still active`}
          checked={cascade}
          onChange={(event) => setCascade(event.currentTarget.checked)}
        />
      )}
      <TextInput
        data-autofocus
        label="Reason"
        description="Optional; stored in the execution's history"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </DialogForm>
  );
}
