/** Cascades for tests. */
import { type Cascade, PATTERNS } from "#smilec/locate/classic/cascade.js";
import type { Random } from "./random.js";

/** Learned nothing: it passes some windows of any picture, so that everything behind it has work. */
export function randomCascade(random: Random, window: number, count: number): Cascade {
  const place = () => {
    const [width, height] = [random.integer(1, Math.floor(window / 3)), random.integer(1, Math.floor(window / 3))];
    return [random.integer(0, window - 3 * width), random.integer(0, window - 3 * height), width, height];
  };
  return {
    window,
    smallest: window + random.integer(0, window),
    evidence: random.integer(1, 2000),
    threshold: random.integer(0, 1000),
    blocks: Uint8Array.from(Array.from({ length: count }, place).flat()),
    tables: random.int8s(count * PATTERNS),
    // The scores walk at random: of every table's windows some go, and about one in ten passes the last.
    thresholds: Int16Array.from({ length: count }, (_, i) => (i === count - 1 ? 50 : -130) * Math.sqrt(i + 1)),
  };
}
