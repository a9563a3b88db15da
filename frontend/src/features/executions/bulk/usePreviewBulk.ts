import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useState } from "react";
import { useClient } from "urql";
import type { Refusal } from "@/entities/execution/actions/registry";
import { send } from "@/entities/execution/actions/send";
import {
  PreviewBulkDocument,
  type PreviewBulkInput,
  type PreviewBulkMutation,
} from "@/shared/graphql/gen/graphql";
import { answerSentenceOf } from "@/shared/ui/ErrorState";

export type BulkPreview = NonNullable<PreviewBulkMutation["answer"]["preview"]>;
export type Previewed = { preview: BulkPreview | null; problems: readonly Refusal[]; loading: boolean };

const TYPING = 300;
const NONE: Previewed = { preview: null, problems: [], loading: false };

/** The preview of an action on a selection; read again when the input changes. */
export function usePreviewBulk(input: PreviewBulkInput | null): Previewed {
  const client = useClient();
  const [key] = useDebouncedValue(
    input ? JSON.stringify(input) : "",
    input && Object.keys(input).length > 3 ? TYPING : 0,
  );
  const [found, setFound] = useState<Previewed & { key: string }>({ ...NONE, key: "" });
  useEffect(() => {
    if (!key) return;
    let current = true;
    const request = JSON.parse(key) as PreviewBulkInput;
    void send(client, PreviewBulkDocument, request, answerSentenceOf).then(({ preview = null, problems }) => {
      if (current) setFound({ key, preview, problems, loading: false });
    });
    return () => {
      current = false;
    };
  }, [client, key]);
  if (!input) return NONE;
  return found.key === JSON.stringify(input) ? found : { ...NONE, loading: true };
}
