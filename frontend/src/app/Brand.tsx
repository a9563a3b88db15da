import { Link } from "@tanstack/react-router";
import classes from "./Shell.module.css";

export function Brand() {
  return (
    <Link to="/executions" search={{}} className={classes.brand} aria-label="Headway">
      <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
        <rect width="32" height="32" rx="7" fill="var(--hw-ink)" />
        <path
          d="M9 8v16M23 8v16M9 16h8m0 0-3.5-3.5M17 16l-3.5 3.5"
          fill="none"
          stroke="var(--hw-on-ink)"
          strokeWidth="3"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
      <span className={classes.word}>Headway</span>
    </Link>
  );
}
