import { useEffect, useState } from "react";

/** As much of a text as is shown; what follows can be downloaded. */
const SHOWN = 256 * 1024;

export type Start =
  | { phase: "loading" }
  | { phase: "failed"; why: string }
  | { phase: "read"; text: string; complete: boolean };

/** Reads the beginning of a file of this server, and no more of it. */
export function useStart(address: string): Start {
  const [start, setStart] = useState<Start>({ phase: "loading" });
  useEffect(() => {
    const leaving = new AbortController();
    setStart({ phase: "loading" });
    readStart(address, leaving.signal).then(setStart, (problem: unknown) => {
      if (!leaving.signal.aborted) setStart({ phase: "failed", why: String((problem as Error).message) });
    });
    return () => leaving.abort();
  }, [address]);
  return start;
}

async function readStart(address: string, signal: AbortSignal): Promise<Start> {
  const response = await fetch(address, { credentials: "same-origin", signal });
  if (!response.ok) {
    const why =
      response.status === 404 ? "the file is not there any more" : `the server answered ${response.status}`;
    return { phase: "failed", why };
  }
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (reader && text.length < SHOWN) {
    const { done, value } = await reader.read();
    if (done) return { phase: "read", text: text + decoder.decode(), complete: true };
    text += decoder.decode(value, { stream: true });
  }
  void reader?.cancel();
  return { phase: "read", text: text.slice(0, SHOWN), complete: !reader };
}
