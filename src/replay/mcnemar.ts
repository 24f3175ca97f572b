/**
 * McNemar's exact test (McNemar 1947; the binomial form): whether two deciders differ on the same presses, by the presses that only one of them got right. Two-sided.
 *
 * @returns the probability of a split at least as uneven by chance, 0 to 1; 1 when they never differ
 */
export function mcnemarExact(onlyFirst: number, onlySecond: number): number {
  const n = onlyFirst + onlySecond;
  let logChoose = 0;
  let tail = 0;
  for (let i = 0; i <= Math.min(onlyFirst, onlySecond); i++) {
    if (i > 0) logChoose += Math.log((n - i + 1) / i);
    tail += Math.exp(logChoose - n * Math.LN2);
  }
  return Math.min(1, 2 * tail);
}
