/** `smilec label status`: how far labelling is, and how far it can be trusted. */
import type { Catalogue } from "../captures/catalogue/catalogue.js";
import { pressKey } from "../captures/catalogue/press-key.js";
import { NO_FACE, UNSURE } from "../captures/catalogue/types.js";
import { agreedJudgement, cohensKappa } from "./agreement.js";

export interface LabelStatus {
  /** Captures in the catalogue that were not deleted. */
  readonly captures: number;
  readonly presses: number;
  readonly deleted: number;
  /** Captures per label that counts. */
  readonly labels: Readonly<Record<string, number>>;
  /** Of those: labels that the configuration does not know. */
  readonly unknownLabels: readonly string[];
  readonly unjudged: number;
  /** The two looks differ and nobody has settled it. */
  readonly disputed: number;
  readonly consent: Readonly<Record<"unknown" | "given" | "refused", number>>;
  readonly boxesCorrected: number;
  readonly agreement: {
    /** Captures in both looks. */
    readonly captures: number;
    readonly same: number;
    /** Cohen's kappa; null when it is not defined. */
    readonly kappa: number | null;
  };
}

export function labelStatus(catalogue: Catalogue, labels: readonly string[]): LabelStatus {
  const counts = new Map<string, number>();
  const pairs = new Map<string, Map<string, number>>();
  const presses = new Set<string>();
  const consent = { unknown: 0, given: 0, refused: 0 };
  let [captures, unjudged, disputed, boxesCorrected, twice, same] = [0, 0, 0, 0, 0, 0];
  for (const capture of catalogue.captures({ state: "kept" })) {
    const { judgements } = capture;
    captures++;
    presses.add(pressKey(capture));
    consent[capture.consent]++;
    const agreed = agreedJudgement(capture);
    if (agreed.kind === "unjudged") unjudged++;
    if (agreed.kind === "disputed") disputed++;
    if (agreed.kind === "agreed") {
      counts.set(agreed.label, (counts.get(agreed.label) ?? 0) + 1);
      if (agreed.box !== undefined) boxesCorrected++;
    }
    const [first, second] = judgements;
    if (first === undefined || second === undefined) continue;
    twice++;
    if (first.label === second.label) same++;
    const row = pairs.get(first.label) ?? new Map<string, number>();
    pairs.set(first.label, row.set(second.label, (row.get(second.label) ?? 0) + 1));
  }
  const known = [...labels, NO_FACE, UNSURE];
  const others = [...counts.keys()].filter((label) => !known.includes(label)).sort();
  return {
    captures,
    presses: presses.size,
    deleted: catalogue.count({ state: "deleted" }),
    labels: Object.fromEntries([...known, ...others].map((label) => [label, counts.get(label) ?? 0])),
    unknownLabels: others,
    unjudged,
    disputed,
    consent,
    boxesCorrected,
    agreement: { captures: twice, same, kappa: cohensKappa(pairs) ?? null },
  };
}
