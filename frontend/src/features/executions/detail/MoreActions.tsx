import { Button, Menu } from "@mantine/core";
import type { ActionSpec, Offer } from "../actions/registry";

type Props = { offers: readonly Offer[]; onStart: (spec: ActionSpec) => void };

/** The rarer actions; what is not possible now says why. */
export function MoreActions({ offers, onStart }: Props) {
  return (
    <Menu position="bottom-end" width={280} shadow="md">
      <Menu.Target>
        <Button>More</Button>
      </Menu.Target>
      <Menu.Dropdown>
        {offers.map(({ spec, allowed, reason }) => (
          <Menu.Item
            key={spec.action}
            disabled={!allowed}
            title={reason ?? undefined}
            onClick={() => onStart(spec)}
          >
            {spec.word}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
