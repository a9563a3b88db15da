import { createTheme, type MantineColorsTuple } from "@mantine/core";

const accent: MantineColorsTuple = [
  "#e9f1fd",
  "#d3e2fa",
  "#a6c5f4",
  "#78a7ee",
  "#5590e8",
  "#3b7ddd",
  "#2c68c4",
  "#1f5fbf",
  "#184c99",
  "#123973",
];
const danger: MantineColorsTuple = [
  "#fdeceb",
  "#fad5d3",
  "#f3aaa6",
  "#ec7d77",
  "#e05a52",
  "#d0443b",
  "#c13a31",
  "#b3261e",
  "#8f1e18",
  "#6b1612",
];

// Mantine draws its dark surfaces and lines from these: text, dim text, lines, then grounds from light to dark.
const dark: MantineColorsTuple = [
  "#e3e8f0",
  "#c3cad6",
  "#9ca7b8",
  "#707b8d",
  "#3a4453",
  "#2a323f",
  "#1e2530",
  "#161b24",
  "#12161e",
  "#0f131a",
];

/** Colours that people see come from tokens.css; these tuples only let Mantine compute its own variants. */
export const theme = createTheme({
  primaryColor: "accent",
  primaryShade: { light: 7, dark: 6 },
  colors: { accent, danger, dark },
  fontFamily:
    "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
  fontFamilyMonospace:
    "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  fontSizes: { xs: "12px", sm: "13px", md: "14px" },
  defaultRadius: 6,
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: "xs", variant: "default" } },
    Tooltip: {
      defaultProps: {
        withArrow: true,
        multiline: true,
        maw: 320,
        openDelay: 200,
        events: { hover: true, focus: true, touch: true },
      },
    },
    // Mantine draws a <header>, which outside of a sectioning element is a second banner of the page.
    ModalHeader: { defaultProps: { role: "presentation" } },
    DrawerHeader: { defaultProps: { role: "presentation" } },
    Modal: { defaultProps: { centered: true, closeButtonProps: { "aria-label": "Close" } } },
  },
});
