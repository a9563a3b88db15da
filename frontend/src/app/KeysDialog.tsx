import { Kbd, Stack, Switch } from "@mantine/core";
import { type KeyGroup, keyGroups, keysOf } from "@/shared/lib/keys";
import { preferences, usePreferences } from "@/shared/lib/preferences";
import { useEntries } from "@/shared/lib/registry";
import { Dialog } from "@/shared/ui/Dialog";
import classes from "./KeysDialog.module.css";

/** Lists the keyboard shortcuts of this screen, as its mounted components register them. */
export function KeysDialog({ onClose }: { onClose: () => void }) {
  const groups = byName(useEntries(keyGroups));
  const { keys } = usePreferences();
  return (
    <Dialog onClose={onClose} title="Keyboard shortcuts" size="lg">
      <Stack gap="md">
        <Switch
          label="Single-key shortcuts"
          description="Switch this off if you use voice input or press keys by accident. Ctrl K always works."
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

/** Merges groups of keys that several parts of a screen register under one name. */
function byName(groups: readonly KeyGroup[]) {
  return [...new Set(groups.map(({ name }) => name))].map((name) => ({
    name,
    keys: groups.filter((group) => group.name === name).flatMap((group) => group.keys()),
  }));
}
