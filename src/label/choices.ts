/** What can be said of a capture, and the keys for it. */
import { NO_FACE, UNSURE } from "../captures/catalogue/types.js";
import { UserError } from "../errors.js";
import type { Choice } from "./protocol.js";

/** Letters that mean something else on the page (src/label/page/keys.ts). */
const TAKEN = new Set([..."fubcghjkmorxz"]);
const DIGITS = 9;

/** The project's labels by number and, where it is free, by first letter; then no face and unsure. Throws UserError when a label's name is one of those two. */
export function choicesOf(labels: readonly string[]): Choice[] {
  const clash = labels.find((label) => label === NO_FACE || label === UNSURE);
  if (clash !== undefined)
    throw new UserError(`the label ${clash} has a meaning of its own in the label studio`, {
      where: "labels",
      remedy: "Give the label another name.",
    });
  const taken = new Set(TAKEN);
  const own = labels.map((label, i): Choice => {
    const letter = label[0].toLowerCase();
    const keys = i < DIGITS ? [String(i + 1)] : [];
    if (/^[a-z]$/.test(letter) && !taken.has(letter)) keys.push(letter);
    taken.add(letter);
    return { label, text: label, keys };
  });
  return [
    ...own,
    { label: NO_FACE, text: "no face", keys: ["0", "f"] },
    { label: UNSURE, text: "unsure", keys: ["u"] },
  ];
}
