import { expect, it } from "vitest";
import { webAddress } from "./repository";

it.each([
  ["https://github.com/acme/orders.git", "https://github.com/acme/orders"],
  ["https://token@github.com/acme/orders", "https://github.com/acme/orders"],
  ["git@github.com:acme/orders.git", "https://github.com/acme/orders"],
  ["ssh://git@example.com/acme/orders", "https://example.com/acme/orders"],
  ["javascript:alert(1)", null],
  ["acme/orders", null],
  ["", null],
  [null, null],
])("%s", (repository, address) => expect(webAddress(repository)).toBe(address));
