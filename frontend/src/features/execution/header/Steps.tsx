import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { useKeys } from "@/shared/lib/keys";
import { STATE_TOKENS } from "@/shared/ui/stateTokens";
import type { Facts } from "../useFacts";
import classes from "./Header.module.css";

type Neighbour = Facts["previous"];

/** Links to the previous and the next execution of the same flow. */
export function Steps({ facts }: { facts: Facts | undefined }) {
  const navigate = useNavigate();
  const go = (to: Neighbour | undefined) =>
    to && void navigate({ to: "/executions/$id", params: { id: to.id }, search: {} });
  useKeys("Executions of the flow", [
    { key: "[", words: "previous execution", run: () => go(facts?.previous) },
    { key: "]", words: "next execution", run: () => go(facts?.next) },
  ]);
  return (
    <span className={classes.steps}>
      <Step to={facts?.previous} word="Previous" Glyph={IconChevronLeft} />
      <Step to={facts?.next} word="Next" Glyph={IconChevronRight} />
    </span>
  );
}

type Props = { to: Neighbour | undefined; word: string; Glyph: typeof IconChevronLeft };

function Step({ to, word, Glyph }: Props) {
  const glyph = <Glyph size={18} stroke={1.75} aria-hidden />;
  const label = `${word} execution`;
  if (!to) {
    return (
      <span className={classes.step} role="img" aria-label={`No ${label.toLowerCase()}`} data-none>
        {glyph}
      </span>
    );
  }
  return (
    <Link
      className={classes.step}
      to="/executions/$id"
      params={{ id: to.id }}
      search={{}}
      aria-label={label}
      title={`${label}: ${to.name}, ${STATE_TOKENS[to.state].word}`}
    >
      {glyph}
    </Link>
  );
}
