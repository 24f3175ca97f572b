/** Captures by press, as they come out of the catalogue. */
import { pressKey } from "../captures/catalogue/press-key.js";
import type { CatalogueCapture } from "../captures/catalogue/types.js";
import { agreedJudgement } from "../label/agreement.js";

/** Captures that are replayed as one piece of work. */
const CHUNK = 48;

/** Consecutive captures of the same press together. */
export function* byPress(captures: Iterable<CatalogueCapture>): Generator<CatalogueCapture[], void, undefined> {
  let press: CatalogueCapture[] = [];
  for (const capture of captures) {
    if (press.length > 0 && pressKey(press[0]) !== pressKey(capture)) {
      yield press;
      press = [];
    }
    press.push(capture);
  }
  if (press.length > 0) yield press;
}

/** Whole presses, a few dozen captures at a time. */
export function* chunks(presses: Iterable<CatalogueCapture[]>): Generator<CatalogueCapture[][], void, undefined> {
  let chunk: CatalogueCapture[][] = [];
  let count = 0;
  for (const press of presses) {
    chunk.push(press);
    count += press.length;
    if (count < CHUNK) continue;
    yield chunk;
    chunk = [];
    count = 0;
  }
  if (chunk.length > 0) yield chunk;
}

/** What people say the press shows: a label that all judged captures of it have; undefined when they have none or several. */
export function pressLabel(press: readonly CatalogueCapture[], labels: readonly string[]): string | undefined {
  const found = new Set<string>();
  for (const capture of press) {
    if (capture.state !== "kept" || capture.consent === "refused") continue;
    const agreed = agreedJudgement(capture);
    if (agreed.kind === "disputed") return undefined;
    if (agreed.kind === "agreed") found.add(agreed.label);
  }
  const [label] = found;
  return found.size === 1 && labels.includes(label) ? label : undefined;
}
