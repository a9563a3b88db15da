import { ActionIcon, Button, Checkbox, Popover, TextInput, Tooltip } from "@mantine/core";
import { IconBookmark, IconBookmarkFilled } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { useClient } from "urql";
import { Problems } from "@/entities/execution/actions/Problems";
import type { Refusal } from "@/entities/execution/actions/registry";
import { send } from "@/entities/execution/actions/send";
import {
  DeleteFilterDocument,
  type FilterKeptFragment,
  SaveFilterDocument,
  type SaveFilterInput,
} from "@/shared/graphql/gen/graphql";
import { useSubmit } from "@/shared/lib/useSubmit";
import { orderOf, type Search, searchOf } from "../address";
import classes from "./Views.module.css";

type Props = { search: Search; shown: FilterKeptFragment | undefined; onSaved: () => void };

/** The bookmark button: saves the search as a view, or renames, shares and deletes the current one. */
export function SavedFilter({ search, shown, onSaved }: Props) {
  const [opened, setOpened] = useState(false);
  const nothing = !searchOf(search);
  const why = nothing
    ? "Filter the list first, then save the filter as a view."
    : shown && !shown.canChange
      ? `This filter belongs to ${shown.owner.name}.`
      : null;
  const name = shown ? `Change the filter ${shown.name}` : "Save this filter";
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" trapFocus returnFocus>
      <Popover.Target>
        <Tooltip label={why ?? name}>
          <ActionIcon
            variant="subtle"
            color="gray"
            className={classes.bookmark}
            size="var(--hw-control)"
            aria-label={name}
            aria-disabled={why !== null}
            data-disabled={why !== null || undefined}
            onClick={() => why === null && setOpened(!opened)}
          >
            {shown ? (
              <IconBookmarkFilled size={16} aria-hidden />
            ) : (
              <IconBookmark size={16} stroke={1.75} aria-hidden />
            )}
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown aria-label={name}>
        {opened && (
          <FilterForm
            key={shown?.id}
            search={search}
            shown={shown}
            onDone={() => {
              setOpened(false);
              onSaved();
            }}
          />
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

function FilterForm({
  search,
  shown,
  onDone,
}: {
  search: Search;
  shown: FilterKeptFragment | undefined;
  onDone: () => void;
}) {
  const [name, setName] = useState(shown?.name ?? "");
  const [shared, setShared] = useState(shown?.shared ?? false);
  const client = useClient();
  const saving = useSubmit<SaveFilterInput, Refusal, { problems: readonly Refusal[] }>(
    (input) => send(client, SaveFilterDocument, input),
    onDone,
  );
  const deleting = useSubmit<string, Refusal, { problems: readonly Refusal[] }>(
    (id) => send(client, DeleteFilterDocument, { id }),
    onDone,
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void saving.submit({
      id: shown?.id ?? null,
      name: name.trim(),
      search: searchOf(search) ?? "",
      shared,
      ...orderOf(search),
    });
  };
  return (
    <form onSubmit={submit} className={classes.form}>
      <TextInput
        data-autofocus
        label="Name of the view"
        required
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Checkbox
        label="Shared: visible to everybody"
        checked={shared}
        onChange={(event) => setShared(event.currentTarget.checked)}
      />
      <Problems problems={[...saving.problems, ...deleting.problems]} />
      <div className={classes.buttons}>
        <Button type="submit" variant="filled" loading={saving.busy}>
          {shown ? "Save" : "Keep it"}
        </Button>
        {shown && (
          <Button
            color="danger"
            variant="subtle"
            loading={deleting.busy}
            onClick={() => void deleting.submit(shown.id)}
          >
            Delete
          </Button>
        )}
      </div>
    </form>
  );
}
