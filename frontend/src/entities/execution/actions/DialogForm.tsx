import { Button, Group, Stack } from "@mantine/core";
import type { FormEvent, ReactNode } from "react";
import { Dialog } from "@/shared/ui/Dialog";
import { Problems } from "./Problems";
import type { Refusal } from "./registry";

type Props = {
  title: ReactNode;
  /** The words on the button that submits, and on the one that closes. */
  verb: string;
  keep?: string;
  danger?: boolean | undefined;
  busy: boolean;
  disabled?: boolean;
  problems: readonly Refusal[];
  onClose: () => void;
  onSubmit: () => void;
  children: ReactNode;
};

/** The frame of every action dialog: its fields, why the server refused, and the two buttons. */
export function DialogForm(props: Props) {
  const {
    title,
    verb,
    keep = "Close",
    danger,
    busy,
    disabled,
    problems,
    onClose,
    onSubmit,
    children,
  } = props;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <Dialog onClose={onClose} title={title}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          {children}
          <Problems problems={problems} />
          <Group justify="flex-end" gap="xs">
            <Button size="sm" onClick={onClose}>
              {keep}
            </Button>
            <Button
              size="sm"
              type="submit"
              variant="filled"
              loading={busy}
              {...(disabled && { disabled })}
              {...(danger && { color: "danger" })}
            >
              {verb}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
