/** Quality against time: which results no other beats in both. */

export interface Judged {
  /** Larger is better. */
  readonly quality: number;
  /** Smaller is better. */
  readonly cost: number;
}

/** Whether `a` is at least as good as `b` in both and better in one. */
function dominates(a: Judged, b: Judged): boolean {
  return a.quality >= b.quality && a.cost <= b.cost && (a.quality > b.quality || a.cost < b.cost);
}

/** Those that no other dominates, by falling quality. */
export function front<T extends Judged>(all: readonly T[]): T[] {
  return byQuality(all.filter((one) => !all.some((other) => dominates(other, one))));
}

/** All, front after front (non-dominated sorting, Deb et al. 2002), each by falling quality: who comes first is worth more training. */
export function ranked<T extends Judged>(all: readonly T[]): T[] {
  const order: T[] = [];
  let rest = [...all];
  while (rest.length > 0) {
    const best = front(rest);
    order.push(...best);
    rest = rest.filter((one) => !best.includes(one));
  }
  return order;
}

function byQuality<T extends Judged>(all: readonly T[]): T[] {
  return all.toSorted((a, b) => b.quality - a.quality || a.cost - b.cost);
}
