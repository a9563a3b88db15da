import { IconApi, IconKeyboard, IconSearch, IconSettings } from "@tabler/icons-react";
import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { Suspense } from "react";
import { isLost, useLink } from "@/shared/graphql/link";
import { openDialog } from "@/shared/lib/dialogs";
import { useKeyboard, useKeys } from "@/shared/lib/keys";
import { usePreferences } from "@/shared/lib/preferences";
import { lazily } from "@/shared/ui/lazily";
import { SignedOut } from "@/shared/ui/SignedOut";
import { AREAS } from "./areas";
import { Brand } from "./Brand";
import { Dialogs } from "./Dialogs";
import { LinkIndicator } from "./LinkIndicator";
import { UnlessNoRole } from "./NoRole";
import { OtherFailures } from "./OtherFailures";
import { forgetPalette, openPalette, usePaletteKey, useWasOpened } from "./openPalette";
import classes from "./Shell.module.css";

const Palette = lazily(() => import("./Palette").then((page) => page.Palette), {
  closing: () => forgetPalette,
});

/** The frame of every screen: the rail with the areas, or a bar at the bottom on a phone. */
export function Shell() {
  const { phase } = useLink();
  const navigate = useNavigate();
  const paletteWanted = useWasOpened();
  useKeyboard();
  usePaletteKey();
  useKeys("Everywhere", [
    { key: "?", words: "list the keyboard shortcuts", run: () => openDialog({ kind: "keys" }) },
    ...AREAS.map((area) => ({
      key: area.key,
      words: `go to ${area.name.toLowerCase()}`,
      run: () => void navigate({ to: area.to, search: {} }),
    })),
  ]);
  return (
    <div className={classes.app}>
      <a className={classes.skip} href="#main">
        Skip to content
      </a>
      <Rail />
      <header className={classes.phoneTop}>
        <Brand />
        <LinkIndicator />
        <button type="button" className={classes.square} aria-label="Search or jump" onClick={openPalette}>
          <IconSearch size={20} stroke={1.75} aria-hidden />
        </button>
      </header>
      <main id="main" className={classes.main} data-stale={isLost(phase) || undefined} data-phase={phase}>
        <SignedOut />
        <OtherFailures />
        <div className={classes.screen}>
          <UnlessNoRole>
            <Outlet />
          </UnlessNoRole>
        </div>
      </main>
      <nav className={classes.phoneBar} aria-label="Areas">
        <Areas />
        <button type="button" className={classes.nav} onClick={() => openDialog({ kind: "preferences" })}>
          <IconSettings size={18} stroke={1.75} aria-hidden />
          <span>Preferences</span>
        </button>
      </nav>
      <Dialogs />
      {paletteWanted && (
        <Suspense fallback={null}>
          <Palette />
        </Suspense>
      )}
    </div>
  );
}

function Rail() {
  const { zone } = usePreferences();
  return (
    <header className={classes.rail}>
      <Brand />
      <button type="button" className={classes.jump} aria-label="Search or jump" onClick={openPalette}>
        <IconSearch size={16} stroke={1.75} aria-hidden />
        <span className={classes.wide}>Search or jump</span>
        <kbd className={classes.wide}>Ctrl K</kbd>
      </button>
      <nav className={classes.areas} aria-label="Main">
        <Areas />
      </nav>
      <div className={classes.foot}>
        <div className={classes.live}>
          <LinkIndicator />
          <span className={classes.zone}>{zone === "utc" ? "UTC" : "local"}</span>
        </div>
        <a className={classes.nav} href="/graphql">
          <IconApi size={18} stroke={1.75} aria-hidden />
          <span>API</span>
        </a>
        <button type="button" className={classes.nav} onClick={() => openDialog({ kind: "keys" })}>
          <IconKeyboard size={18} stroke={1.75} aria-hidden />
          <span>Keys</span>
          <kbd className={classes.wide}>?</kbd>
        </button>
        <button type="button" className={classes.nav} onClick={() => openDialog({ kind: "preferences" })}>
          <IconSettings size={18} stroke={1.75} aria-hidden />
          <span>Preferences</span>
        </button>
      </div>
    </header>
  );
}

function Areas() {
  return AREAS.map((area) => (
    <Link
      key={area.to}
      to={area.to}
      search={{}}
      className={classes.nav}
      activeOptions={{ exact: false, includeSearch: false }}
    >
      {area.icon}
      <span>{area.name}</span>
      {area.count}
    </Link>
  ));
}
