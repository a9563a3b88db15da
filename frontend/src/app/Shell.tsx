import { Outlet, Link as RouterLink } from "@tanstack/react-router";
import { WaitingForMe } from "@/features/executions/approvals/WaitingForMe";
import { useLink } from "@/shared/graphql/link";
import { LinkIndicator } from "./LinkIndicator";
import { SchemeSwitch } from "./SchemeSwitch";
import classes from "./Shell.module.css";

export function Shell() {
  const { phase } = useLink();
  const stale = phase === "reconnecting" || phase === "offline" || phase === "signed-out";
  return (
    <>
      <a className={classes.skip} href="#main">
        Skip to content
      </a>
      <header className={classes.header}>
        <RouterLink to="/" className={classes.brand} search={{}}>
          <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
            <rect width="32" height="32" rx="7" fill="var(--hw-accent)" />
            <path
              d="M9 8v16M23 8v16M9 16h8m0 0-3.5-3.5M17 16l-3.5 3.5"
              fill="none"
              stroke="#fff"
              strokeWidth="3"
              strokeLinecap="round"
              strokeLinejoin="round"
            />
          </svg>
          <span className={classes.word}>Headway</span>
        </RouterLink>
        <nav className={classes.nav} aria-label="Main">
          <RouterLink
            to="/"
            className={classes.link}
            activeOptions={{ exact: true, includeSearch: false }}
            search={{}}
          >
            Executions
          </RouterLink>
          <RouterLink to="/approvals" className={classes.link} search={{}}>
            Approvals
            <WaitingForMe />
          </RouterLink>
          <a className={classes.link} href="/graphql">
            API
          </a>
        </nav>
        <div className={classes.side}>
          <LinkIndicator />
          <SchemeSwitch />
        </div>
      </header>
      {phase === "signed-out" && (
        <p className={classes.notice} role="alert">
          You are signed out. Open the link that <code className="hw-mono">headway serve</code> printed, then
          reload this page.
        </p>
      )}
      <main id="main" className={classes.main} data-stale={stale || undefined}>
        <Outlet />
      </main>
    </>
  );
}
