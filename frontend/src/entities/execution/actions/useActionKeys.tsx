import { notifications } from "@mantine/notifications";
import { useEffectEvent, useMemo } from "react";
import { type CommandGroup, commandGroups } from "@/shared/lib/commands";
import { useKeys } from "@/shared/lib/keys";
import { useOffer } from "@/shared/lib/registry";
import type { Offer } from "./registry";
import type { Actions, Target } from "./useActions";

/** Registers the keyboard shortcuts and palette commands of an execution's actions, each with its confirmation. */
export function useActionKeys(offers: readonly Offer[], target: Target, { start }: Actions): void {
  const name = `Act on ${target.name}`;
  const ask = useEffectEvent(({ spec, allowed, reason }: Offer) => {
    if (allowed) return start(spec, target, "confirm");
    notifications.show({ title: `${spec.word}: not possible now`, message: reason, autoClose: 6000 });
  });
  useKeys(
    name,
    offers
      .filter(({ spec }) => spec.key)
      .map((offer) => ({ key: offer.spec.key, words: wordsOf(offer), run: () => ask(offer) })),
  );
  const commands = useMemo<CommandGroup>(
    () => ({
      name,
      commands: offers
        .filter(({ allowed }) => allowed)
        .map((offer) => ({
          id: `act-${offer.spec.action}`,
          label: offer.spec.word,
          description: offer.spec.description,
          icon: <offer.spec.icon size={18} stroke={1.75} aria-hidden />,
          run: () => ask(offer),
        })),
    }),
    [name, offers],
  );
  useOffer(commandGroups, commands);
}

function wordsOf({ spec, allowed }: Offer): string {
  const word = spec.word.toLowerCase();
  return allowed ? word : `${word} (not possible now)`;
}
