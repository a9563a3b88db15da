import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { PlanTable } from "./PlanTable";
import { Problems } from "./Problems";
import type { Outcome } from "./perform";
import { type ActionSpec, inputOf } from "./registry";
import type { Target } from "./useActions";
import { usePlan } from "./usePlan";

type Props = {
  spec: ActionSpec;
  target: Target;
  onClose: () => void;
  onConfirm: (input: { reason: string | null }) => Promise<Outcome>;
};

export function ConfirmDialog({ spec, target, onClose, onConfirm }: Props) {
  const [reason, setReason] = useState("");
  const [problems, setProblems] = useState<Outcome["problems"]>([]);
  const [busy, setBusy] = useState(false);
  const plan = usePlan(spec, inputOf(spec, target.id, target.given ?? {}));

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const outcome = await onConfirm({ reason: reason.trim() || null });
    setBusy(false);
    setProblems(outcome.problems);
    if (!outcome.problems.length) onClose();
  };

  return (
    <Modal opened onClose={onClose} title={spec.confirm?.title}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm" fw={600}>
            {target.name}
          </Text>
          <Text size="sm" c="dimmed">
            {spec.confirm?.text}
          </Text>
          {plan?.plan && <PlanTable tasks={plan.plan} />}
          <TextInput
            data-autofocus
            label="Reason"
            description="Optional; kept in the execution's history"
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <Problems problems={problems.length ? problems : (plan?.problems ?? [])} />
          <Group justify="flex-end" gap="xs">
            <Button size="sm" onClick={onClose}>
              Keep it
            </Button>
            <Button
              size="sm"
              type="submit"
              variant="filled"
              color={spec.danger ? "danger" : "accent"}
              loading={busy}
            >
              {spec.confirm?.verb}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
