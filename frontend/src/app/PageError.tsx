import { Button } from "@mantine/core";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { EmptyState } from "@/shared/ui/EmptyState";

export function PageError({ error, reset }: ErrorComponentProps) {
  return (
    <EmptyState title="Something went wrong on this page.">
      <code className="hw-mono">{error instanceof Error ? error.message : String(error)}</code>
      <Button onClick={reset}>Try again</Button>
    </EmptyState>
  );
}

export function Missing() {
  return (
    <EmptyState title="There is no page at this address.">
      <Button component="a" href="/executions">
        All executions
      </Button>
    </EmptyState>
  );
}
