import { Link, type LinkProps, type RegisteredRouter } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { ExecutionSearch } from "../useSelection";

type Props = {
  id: string;
  /** The URL parameters that change; the others stay. */
  part: ExecutionSearch;
  hash?: string;
  className?: string | undefined;
  title?: string | undefined;
  children: ReactNode;
};

/** A link that selects something on the page, through the URL. */
export function SelectLink({ id, part, hash, ...rest }: Props) {
  return <Link {...rest} {...selecting(id, part, hash)} />;
}

/** The same, for a button that is a link. */
export function selecting(id: string, part: ExecutionSearch, hash?: string) {
  return {
    from: "/executions/$id",
    to: "/executions/$id",
    params: { id },
    search: (before: ExecutionSearch) => ({ ...before, ...part }),
    resetScroll: false,
    ...(hash && { hash }),
  } as const satisfies LinkProps<"a", RegisteredRouter, "/executions/$id", "/executions/$id">;
}
