/** What the two looks say together. */
import type { CatalogueCapture, Judgement } from "../captures/catalogue/types.js";

/** Judgements of both looks by label: `pairs.get(first)?.get(second)` captures. */
export type PairCounts = ReadonlyMap<string, ReadonlyMap<string, number>>;

/**
 * Cohen's kappa (1960): agreement beyond what the looks' shares of labels give by chance; 1 is all, 0 is chance. Undefined when nothing was looked at twice, or
 * both looks know one label only.
 */
export function cohensKappa(pairs: PairCounts): number | undefined {
  const firsts = new Map<string, number>();
  const seconds = new Map<string, number>();
  let [total, agreed] = [0, 0];
  for (const [first, row] of pairs) {
    for (const [second, count] of row) {
      total += count;
      if (first === second) agreed += count;
      firsts.set(first, (firsts.get(first) ?? 0) + count);
      seconds.set(second, (seconds.get(second) ?? 0) + count);
    }
  }
  const chance = [...firsts].reduce((sum, [label, n]) => sum + (n * (seconds.get(label) ?? 0)) / total ** 2, 0);
  return total === 0 || chance === 1 ? undefined : (agreed / total - chance) / (1 - chance);
}

export type Agreed =
  | { readonly kind: "agreed"; readonly label: string; readonly box: Judgement["box"] }
  | { readonly kind: "unjudged" | "disputed" };

/** What counts of a capture: what was settled; what both looks say; the only look. A box that either drew counts. */
export function agreedJudgement({
  judgements: [first, second],
  resolution,
}: Pick<CatalogueCapture, "judgements" | "resolution">): Agreed {
  const box = resolution?.box ?? first?.box ?? second?.box;
  if (resolution !== undefined) return { kind: "agreed", label: resolution.label, box };
  const only = first ?? second;
  if (only === undefined) return { kind: "unjudged" };
  if (first !== undefined && second !== undefined && first.label !== second.label) return { kind: "disputed" };
  return { kind: "agreed", label: only.label, box };
}
