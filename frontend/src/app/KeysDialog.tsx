import { Kbd, Stack, Switch } from "@mantine/core";
import { type KeyGroup, keyGroups, keysOf } from "@/shared/lib/keys";
import { preferences, usePreferences } from "@/shared/lib/preferences";
import { useEntries } from "@/shared/lib/registry";
import { Dialog } from "@/shared/ui/Dialog";
import classes from "./KeysDialog.module.css";

/** Every key that does something on this screen, as the screen's own parts offer them. */
export function KeysDialog({ onClose }: { onClose: () => void }) {
  const groups = byName(useEntries(keyGroups));
  const { keys } = usePreferences();
  return (
    <Dialog onClose={onClose} title="Keys on this page" size="lg">
      <Stack gap="md">
        <Switch
          label="Single keys do something"
          description="Switch this off if you use your voice or if keys get in your way. Ctrl K works either way."
          checked={keys}
          onChange={(event) => preferences.set({ keys: event.currentTarget.checked })}
        />
        <div className={classes.groups}>
          {groups.map((group) => (
            <section key={group.name}>
              <h3 className={classes.name}>{group.name}</h3>
              <dl className={classes.keys}>
                {group.keys.map((key) => (
                  <div key={key.words} className={classes.key}>
                    <dt>
                      {keysOf(key).map((one) => (
                        <Kbd key={one}>{one === " " ? "Space" : one}</Kbd>
                      ))}
                    </dt>
                    <dd>{key.words}</dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
        </div>
      </Stack>
    </Dialog>
  );
}

/** Parts of a screen may offer keys under one name: they stand together. */
function byName(groups: readonly KeyGroup[]) {
  return [...new Set(groups.map(({ name }) => name))].map((name) => ({
    name,
    keys: groups.filter((group) => group.name === name).flatMap((group) => group.keys()),
  }));
}
