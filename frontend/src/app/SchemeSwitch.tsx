import { ActionIcon, type MantineColorScheme, useMantineColorScheme } from "@mantine/core";

const NEXT: Record<MantineColorScheme, MantineColorScheme> = { auto: "light", light: "dark", dark: "auto" };
const GLYPHS: Record<MantineColorScheme, string> = {
  light:
    "M8 4.6a3.4 3.4 0 1 0 0 6.8 3.4 3.4 0 0 0 0-6.8ZM8 1v1.4M8 13.6V15M1 8h1.4M13.6 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  dark: "M13.4 9.8A6 6 0 0 1 6.2 2.6a6 6 0 1 0 7.2 7.2Z",
  auto: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 2v12M8 5h4.6M8 8h6M8 11h4.6",
};

/** Light, dark, or what the system says. */
export function SchemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const name = `Theme: ${colorScheme}. Switch to ${NEXT[colorScheme]}`;
  return (
    <ActionIcon
      variant="default"
      size={28}
      aria-label={name}
      title={name}
      onClick={() => setColorScheme(NEXT[colorScheme])}
    >
      <svg viewBox="0 0 16 16" width="15" height="15" aria-hidden="true">
        <path
          d={GLYPHS[colorScheme]}
          fill="none"
          stroke="currentColor"
          strokeWidth="1.4"
          strokeLinecap="round"
        />
      </svg>
    </ActionIcon>
  );
}
