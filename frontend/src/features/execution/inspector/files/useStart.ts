import { useEffect, useState } from "react";

export type Start =
  | { phase: "loading" }
  | { phase: "failed"; why: string }
  | { phase: "read"; text: string; complete: boolean };

/** The header by which the server says that it sent only the beginning of a text. */
const CUT = "headway-cut";

/** Reads the server's preview of a file; of a long text that is its beginning. */
export function useStart(address: string): Start {
  const [start, setStart] = useState<Start>({ phase: "loading" });
  useEffect(() => {
    const leaving = new AbortController();
    setStart({ phase: "loading" });
    readStart(address, leaving.signal).then(setStart, () => {
      if (!leaving.signal.aborted) setStart({ phase: "failed", why: "Headway cannot be reached" });
    });
    return () => leaving.abort();
  }, [address]);
  return start;
}

async function readStart(address: string, signal: AbortSignal): Promise<Start> {
  const response = await fetch(address, { credentials: "same-origin", signal });
  const text = await response.text();
  if (response.ok) return { phase: "read", text, complete: !response.headers.has(CUT) };
  const why = response.status === 404 ? "it no longer exists" : `the server answered ${response.status}`;
  return { phase: "failed", why };
}
