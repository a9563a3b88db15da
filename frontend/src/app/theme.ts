import {
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  type VariantColorsResolver,
} from "@mantine/core";

const ink: MantineColorsTuple = [
  "#f0f2f5",
  "#e3e6eb",
  "#c9ced7",
  "#a5adba",
  "#868e9c",
  "#626b7a",
  "#485160",
  "#171c26",
  "#141922",
  "#0b0e13",
];
const accent: MantineColorsTuple = [
  "#eeeffd",
  "#dcdefb",
  "#bfc2f6",
  "#a4a9ff",
  "#7f85f5",
  "#5b5ee6",
  "#4d50da",
  "#4546cf",
  "#34359e",
  "#26276f",
];
const danger: MantineColorsTuple = [
  "#fdf2f1",
  "#f9dcd9",
  "#f2c9c5",
  "#ec8a82",
  "#e05a52",
  "#d63a2f",
  "#c13a31",
  "#b42318",
  "#8f1e18",
  "#6b1612",
];

// Mantine draws its dark surfaces and borders from these: text, dim text, borders, then backgrounds from light to dark.
const dark: MantineColorsTuple = [
  "#e7ebf2",
  "#b4bdcb",
  "#8e98a8",
  "#6f7a8b",
  "#343d4b",
  "#252c37",
  "#181e27",
  "#11151c",
  "#0d1117",
  "#0b0e13",
];

/** A filled control of ink needs ink's own text colour, which is dark in the dark theme. */
const colours: VariantColorsResolver = (input) => {
  const resolved = defaultVariantColorsResolver(input);
  const isInk = !input.color || input.color === "ink";
  if (input.variant !== "filled" || !isInk) return resolved;
  return {
    ...resolved,
    background: "var(--hw-ink)",
    hover: "var(--hw-ink-hover)",
    color: "var(--hw-on-ink)",
  };
};

/** Visible colours come from tokens.css; these tuples only let Mantine compute its own variants. */
export const theme = createTheme({
  primaryColor: "ink",
  primaryShade: { light: 7, dark: 0 },
  variantColorResolver: colours,
  colors: { ink, accent, danger, dark },
  fontFamily: "var(--hw-font)",
  fontFamilyMonospace: "var(--hw-mono)",
  fontSizes: { xs: "12px", sm: "13px", md: "14px" },
  lineHeights: { xs: "18px", sm: "20px", md: "20px" },
  defaultRadius: 6,
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: "xs", variant: "default" } },
    // Selected items use the accent; only the one filled button of a screen uses ink.
    Switch: { defaultProps: { color: "accent", size: "sm" } },
    Checkbox: { defaultProps: { color: "accent" } },
    Radio: { defaultProps: { color: "accent" } },
    // Enter takes the first match.
    Select: { defaultProps: { selectFirstOptionOnChange: true } },
    MultiSelect: { defaultProps: { selectFirstOptionOnChange: true } },
    Menu: {
      defaultProps: { withInitialFocusPlaceholder: false, shadow: "md", position: "bottom-end", radius: 10 },
    },
    Popover: { defaultProps: { shadow: "md", radius: 10 } },
    Tooltip: {
      defaultProps: {
        withArrow: true,
        multiline: true,
        maw: 320,
        openDelay: 200,
        events: { hover: true, focus: true, touch: true },
      },
    },
    // Mantine draws a <header>, which outside a sectioning element is a second banner of the page.
    ModalHeader: { defaultProps: { role: "presentation" } },
    DrawerHeader: { defaultProps: { role: "presentation" } },
    Modal: { defaultProps: { centered: true, radius: 10, closeButtonProps: { "aria-label": "Close" } } },
  },
});
