/** Keys. Letters of labels come first; src/label/choices.ts keeps them apart from these. */
import type { Choice } from "../protocol.js";

export type Command =
  | "next"
  | "previous"
  | "burst-next"
  | "burst-previous"
  | "undo"
  | "grid"
  | "box"
  | "consent"
  | "refuse"
  | "delete"
  | "metadata"
  | "only"
  | "help";

const COMMANDS: Readonly<Record<string, Command>> = {
  arrowright: "next",
  arrowleft: "previous",
  arrowdown: "burst-next",
  arrowup: "burst-previous",
  j: "next",
  k: "previous",
  z: "undo",
  backspace: "undo",
  g: "grid",
  b: "box",
  c: "consent",
  r: "refuse",
  x: "delete",
  delete: "delete",
  m: "metadata",
  o: "only",
  h: "help",
  "?": "help",
};

/** Keys and what they do, for the help. */
export const HELP: readonly (readonly [keys: string, action: string])[] = [
  ["→ or J, ← or K", "next press, previous press"],
  ["↓, ↑", "next, previous picture of the burst"],
  ["Shift with a label's key", "label this picture only, not the whole press"],
  ["Z or Backspace", "take the last label back"],
  ["B", "correct the face box: arrows move, + and − resize, Enter keeps, Escape cancels"],
  ["C, R", "consent given, refused"],
  ["X or Delete", "delete the pictures of the press, after a question"],
  ["M", "all that the bot noted"],
  ["G", "grid or single pictures; in the grid arrows move and Enter opens"],
  ["O", "label this picture only: on or off"],
  ["H or ?", "this help"],
];

export interface KeyListener {
  choose(label: string, onlyThis: boolean): void;
  command(command: Command): boolean;
}

/** A key of a label with Shift held: digits come as other characters then. */
function labelKey(event: KeyboardEvent): string {
  const digit = /^Digit(\d)$/.exec(event.code)?.[1];
  return event.shiftKey && digit !== undefined ? digit : event.key.toLowerCase();
}

/** Listens on the whole page, except where a key means something of its own. */
export function listenToKeys(choices: readonly Choice[], isOn: () => boolean, listener: KeyListener): void {
  document.addEventListener("keydown", (event) => {
    const { target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || !isOn()) return;
    if (document.querySelector("dialog[open]") !== null) return;
    if (target instanceof HTMLElement && target.matches("input, select, textarea, summary")) return;
    const choice = choices.find(({ keys }) => keys.includes(labelKey(event)));
    if (choice !== undefined) {
      if (!event.repeat) listener.choose(choice.label, event.shiftKey);
      event.preventDefault();
      return;
    }
    const command = COMMANDS[event.key.toLowerCase()];
    if (command !== undefined && listener.command(command)) event.preventDefault();
  });
}
