import type { ReactNode } from "react";
import { MayRunDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { EmptyState } from "@/shared/ui/EmptyState";

/** Draws the screens, or one message for a viewer without a role, who would be refused every part of them. */
export function UnlessNoRole({ children }: { children: ReactNode }) {
  const { data } = useRead(MayRunDocument, {});
  if (!data || data.viewer.permissions.length > 0) return children;
  return (
    <EmptyState title="You have no role yet.">
      <p role="status">
        You are signed in as <strong>{data.viewer.actor.name}</strong>. Ask an administrator of this server to
        grant you a role; this page then continues automatically.
      </p>
    </EmptyState>
  );
}
