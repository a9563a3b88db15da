import {
  Button,
  Group,
  type MantineColorScheme,
  SegmentedControl,
  Stack,
  Switch,
  Text,
  useMantineColorScheme,
} from "@mantine/core";
import { MyselfDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { type Preferences, preferences, usePreferences } from "@/shared/lib/preferences";
import { Dialog } from "@/shared/ui/Dialog";

const SCHEMES = [
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
  { value: "auto", label: "Same as system" },
];
const ZONES = [
  { value: "local", label: "Local" },
  { value: "utc", label: "UTC" },
];

/** Who is signed in, and the sign-out: a plain HTML form, because it leads to a page outside this app. */
function Session() {
  const { data } = useRead(MyselfDocument, {});
  const actor = data?.viewer.actor;
  return (
    <form method="post" action="/logout">
      <Group justify="space-between">
        <Text size="sm">{actor ? `Signed in as ${actor.name}` : "Signed in"}</Text>
        <Button type="submit" variant="default" size="compact-sm">
          Sign out
        </Button>
      </Group>
    </form>
  );
}

/** The viewer's preferences for this browser: theme, time zone, keyboard shortcuts. */
export function PreferencesDialog({ onClose }: { onClose: () => void }) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { zone, keys } = usePreferences();
  return (
    <Dialog onClose={onClose} title="Preferences of this browser">
      <Stack gap="md">
        <div>
          <Text size="sm" fw={500} mb={4} id="preferences-theme">
            Theme
          </Text>
          <SegmentedControl
            aria-labelledby="preferences-theme"
            data={SCHEMES}
            value={colorScheme}
            onChange={(value) => setColorScheme(value as MantineColorScheme)}
          />
        </div>
        <div>
          <Text size="sm" fw={500} mb={4} id="preferences-zone">
            Times
          </Text>
          <SegmentedControl
            aria-labelledby="preferences-zone"
            data={ZONES}
            value={zone}
            onChange={(value) => preferences.set({ zone: value as Preferences["zone"] })}
          />
        </div>
        <Switch
          label="Single-key shortcuts"
          checked={keys}
          onChange={(event) => preferences.set({ keys: event.currentTarget.checked })}
        />
        <Session />
      </Stack>
    </Dialog>
  );
}
