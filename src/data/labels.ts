/** Renaming the labels of an imported set: `happiness=smile,*=neutral`. */
import { UserError } from "../errors.js";
import { escapeText } from "./paths.js";

export interface LabelMap {
  /** From label to label; an empty target leaves the label's pictures out. */
  readonly names: ReadonlyMap<string, string>;
  /** Label of everything not named; undefined: a label that is not named must be a target. */
  readonly others: string | undefined;
}

/** What becomes of a label. */
export type MappedLabel = { readonly label: string } | { readonly refused: string };

const EXAMPLE = "Write it like `happiness=smile,*=neutral`; a backslash makes `,`, `=` and `*` part of a label.";

/** Parses `from=to,from=to,*=to`. Throws UserError. */
export function parseLabelMap(text: string): LabelMap {
  const names = new Map<string, string>();
  let others: string | undefined;
  for (const part of splitUnescaped(text, ",")) {
    const sides = splitUnescaped(part, "=");
    const [from, to] = sides.map((side) => normalizeLabel(side.replace(/\\(.)/gsu, "$1")));
    if (sides.length !== 2 || from === "") {
      throw new UserError(`the label map has a part that is not FROM=TO: ${part}`, { where: text, remedy: EXAMPLE });
    }
    const isOthers = sides[0].trim() === "*";
    if (isOthers ? others !== undefined : names.has(from)) {
      throw new UserError(`the label map names ${from} twice`, { where: text, remedy: "Keep one of the two." });
    }
    if (isOthers) others = to;
    else names.set(from, to);
  }
  return { names, others };
}

/** Label names as they are compared: composed Unicode (folders on macOS are decomposed), no space around. */
function normalizeLabel(label: string): string {
  return label.normalize("NFC").trim();
}

/**
 * The label a picture gets, or why it gets none. Without a map labels stay as they are. `allowed` are the project's labels; undefined allows all.
 */
export function mapLabel(
  label: string,
  map: LabelMap | undefined,
  allowed: readonly string[] | undefined,
): MappedLabel {
  const name = normalizeLabel(label);
  if (name === "") return { refused: "has no label" };
  const target = map === undefined ? name : lookUp(name, map);
  if (target === undefined) return { refused: `label "${name}" is not in the label map` };
  if (target === "") return { refused: `label "${name}" is left out by the label map` };
  if (/\p{Cc}/u.test(target)) return { refused: `label "${escapeText(target)}" has control characters` };
  if ([...target].length > 64) return { refused: "the label is longer than 64 characters" };
  if (allowed !== undefined && !allowed.includes(target)) {
    return { refused: `label "${target}" is none of the project's (${allowed.join(", ")})` };
  }
  return { label: target };
}

function lookUp(name: string, map: LabelMap): string | undefined {
  const named = map.names.get(name) ?? map.others;
  if (named !== undefined) return named;
  return [...map.names.values()].includes(name) ? name : undefined;
}

function splitUnescaped(text: string, separator: string): string[] {
  const parts = [""];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === separator) parts.push("");
    else parts[parts.length - 1] += text[i] === "\\" && i + 1 < text.length ? text[i] + text[++i] : text[i];
  }
  return parts;
}
