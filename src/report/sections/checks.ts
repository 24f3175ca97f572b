/** What must hold, and whether it does. */
import { counted, foreign } from "../format.js";
import type { Check } from "../types.js";
import type { SectionView } from "./view.js";

const SHOWN = 12;
const WORDS = { pass: "holds", fail: "fails", skipped: "not known" } as const;
const TAGS = { pass: "right", fail: "wrong", skipped: "unknown" } as const;

export function checksSection(checks: readonly Check[]): SectionView {
  const count = (state: Check["state"]) => checks.filter((check) => check.state === state).length;
  return {
    id: "checks",
    title: "Checks",
    css: [],
    view: {
      summary: `${counted(count("pass"), "check holds", "checks hold")}, ${count("fail")} ${count("fail") === 1 ? "fails" : "fail"}, ${count("skipped")} cannot be known yet.`,
      rows: checks.map(({ name, state, asks, found, lines }) => ({
        name,
        asks: foreign(asks),
        found: foreign(found),
        verdict: { state: TAGS[state], words: WORDS[state] },
        lines: lines.length === 0 ? null : lines.slice(0, SHOWN).map(foreign),
      })),
    },
  };
}
