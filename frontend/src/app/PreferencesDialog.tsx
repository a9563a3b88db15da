import {
  type MantineColorScheme,
  SegmentedControl,
  Stack,
  Switch,
  Text,
  useMantineColorScheme,
} from "@mantine/core";
import { type Preferences, preferences, usePreferences } from "@/shared/lib/preferences";
import { Dialog } from "@/shared/ui/Dialog";

const SCHEMES = [
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
  { value: "auto", label: "As the system" },
];
const ZONES = [
  { value: "local", label: "Local" },
  { value: "utc", label: "UTC" },
];

/** What one person chooses for this browser: theme, time zone, keys. */
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
          label="Single keys do something"
          checked={keys}
          onChange={(event) => preferences.set({ keys: event.currentTarget.checked })}
        />
      </Stack>
    </Dialog>
  );
}
