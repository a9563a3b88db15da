import { expect, it } from "vitest";
import { isPageKey } from "./hotkeys";

function press(markup: string, options: KeyboardEventInit = {}): boolean {
  document.body.innerHTML = markup;
  const event = new KeyboardEvent("keydown", { key: "j", bubbles: true, ...options });
  let page: boolean | undefined;
  document.body.addEventListener(
    "keydown",
    (received) => {
      page = isPageKey(received);
    },
    { once: true },
  );
  document.querySelector("#at")!.dispatchEvent(event);
  return page!;
}

it.each([
  ["a row", '<div id="at"></div>', {}, true],
  ["a button", '<button id="at"></button>', {}, true],
  ["an input", '<input id="at">', {}, false],
  ["a text area", '<textarea id="at"></textarea>', {}, false],
  ["a dialog", '<div role="dialog"><button id="at"></button></div>', {}, false],
  ["a menu", '<div role="menu"><button id="at"></button></div>', {}, false],
  ["a browser's combination", '<div id="at"></div>', { ctrlKey: true }, false],
])("in %s", (_, markup, options, expected) => {
  expect(press(markup, options)).toBe(expected);
});
