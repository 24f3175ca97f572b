/** What this report cannot show yet, and what brings it. */
import { foreign } from "../format.js";
import type { MissingPart } from "../types.js";
import type { SectionView } from "./view.js";

export function missingSection(missing: readonly MissingPart[]): SectionView {
  const parts = missing.map(({ what, why, command }) => ({ what, why: foreign(why), command }));
  return { id: "missing", title: "Not in this report", css: [], view: { parts } };
}
