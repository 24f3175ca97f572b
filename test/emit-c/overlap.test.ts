/** The distances against a byte-by-byte account of what each kernel reads and writes, kept by windows written plainly. */
import { describe, expect, it } from "@jest/globals";
import { isBanded, withBand } from "#smilec/emit/c/bands.js";
import { lowerGraph } from "#smilec/emit/c/lower.js";
import type { Window } from "#smilec/emit/c/lower-conv.js";
import { distancesOf } from "#smilec/emit/c/overlap.js";
import { windowOf } from "#smilec/emit/c/rows.js";
import { Random } from "../support/random.js";
import { NetworkBuilder } from "./networks.js";

interface Visit {
  readonly reads: readonly number[];
  readonly writes: readonly number[];
}

/** Every output pixel in order: the bytes of input under its window, tap by tap, and its bytes of output. */
function visits(w: Window): Visit[] {
  const all: Visit[] = [];
  for (let n = 0; n < w.batches; n++) {
    for (let oy = 0; oy < w.out_height; oy++) {
      for (let ox = 0; ox < w.out_width; ox++) {
        const reads: number[] = [];
        for (let r = 0; r < w.height; r++) {
          for (let t = 0; t < w.width; t++) {
            const y = oy * w.stride_y - w.pad_top + r * w.dilation_y;
            const x = ox * w.stride_x - w.pad_left + t * w.dilation_x;
            if (y < 0 || x < 0 || y >= w.in_height || x >= w.in_width) continue;
            for (let i = 0; i < w.in_depth; i++) reads.push(((n * w.in_height + y) * w.in_width + x) * w.in_depth + i);
          }
        }
        const writes = Array.from({ length: w.out_depth }, (_, o) => all.length * w.out_depth + o);
        all.push({ reads, writes });
      }
    }
  }
  return all;
}

/** Groups of visits that a kernel may take at once, reading and writing in any order within. */
function grouped(all: readonly Visit[], sizes: readonly number[]): Visit[] {
  let at = 0;
  return sizes.map((size) => {
    const group = all.slice(at, at + size);
    at += size;
    return { reads: group.flatMap(({ reads }) => reads), writes: group.flatMap(({ writes }) => writes) };
  });
}

/** Whether some byte is written while it is still to be read, when the output begins `shift` bytes above the input. */
function clashes(order: readonly Visit[], shift: number): boolean {
  const lastRead = new Map<number, number>();
  for (const [step, { reads }] of order.entries()) for (const address of reads) lastRead.set(address, step);
  return order.some(({ writes }, step) => writes.some((address) => (lastRead.get(address + shift) ?? -1) >= step));
}

/** smk_conv_pairs: two successive pixels of a picture, also from one row to the next. */
function pairs(w: Window): number[] {
  const pixels = w.out_height * w.out_width;
  const picture = Array.from({ length: Math.ceil(pixels / 2) }, (_, i) => Math.min(2, pixels - 2 * i));
  return Array.from({ length: w.batches }, () => picture).flat();
}

/** Kernels that bring a band into scratch before they write: `band` pixels, over all pictures, or lines of a picture. */
function bandsOf(w: Window, band: number, unit: "pixels" | "lines"): number[] {
  const chunks = (count: number, size: number) =>
    Array.from({ length: Math.ceil(count / size) }, (_, i) => Math.min(size, count - size * i));
  if (unit === "pixels") return chunks(w.batches * w.out_height * w.out_width, band);
  const lines = chunks(w.out_height, band).map((count) => count * w.out_width);
  return Array.from({ length: w.batches }, () => lines).flat();
}

/** As {@link clashes} when all reads of a step come before its writes. */
function clashesLater(order: readonly Visit[], shift: number): boolean {
  const lastRead = new Map<number, number>();
  for (const [step, { reads }] of order.entries()) for (const address of reads) lastRead.set(address, step);
  return order.some(({ writes }, step) => writes.some((address) => (lastRead.get(address + shift) ?? -1) > step));
}

function chunksOfFour(pixels: number): number[] {
  return Array.from({ length: Math.ceil(pixels / 4) }, (_, i) => Math.min(4, pixels - 4 * i));
}

describe("distances between a kernel's input and output", () => {
  const random = new Random(41);
  const calls = Array.from({ length: 400 }, () => {
    const [h, w] = [random.integer(1, 9), random.integer(1, 9)];
    const b = new NetworkBuilder(random, [random.chance(0.2) ? 2 : 1, h, w, random.integer(1, 6)]);
    const kind = random.integer(0, 3);
    const x =
      kind === 0
        ? b.conv(b.input, random.integer(1, 9))
        : kind === 1
          ? b.depthwise(b.input, random.integer(1, 2))
          : kind === 2
            ? b.pool(random.pick(["AVERAGE_POOL_2D", "MAX_POOL_2D"]), b.input)
            : b.conv(b.input, random.integer(1, 9), { filterH: 1, filterW: 1, strideH: 1, strideW: 1 });
    const graph = b.finish("window", x);
    return { graph, call: lowerGraph(graph).calls[0] };
  });

  it("are never too small, and downward not a byte too large", () => {
    let loose = 0;
    for (const { graph, call } of calls) {
      const w = windowOf(call) as Window;
      const down = distancesOf(graph, call)?.down as number;
      const order = grouped(visits(w), call.kernel === "smk_conv_pairs" ? pairs(w) : visits(w).map(() => 1));
      expect(clashes(order, -down)).toBe(false);
      if (down > 0 && !clashes(order, 1 - down)) loose++;
    }
    // Dilated windows and pixels that see only padding are taken to read what lies between.
    expect(loose).toBeLessThan(calls.length / 8);
  });

  it("are never too small upward, taking rows, or four pixels, from the last to the first", () => {
    let checked = 0;
    for (const { graph, call } of calls) {
      const w = windowOf(call) as Window;
      const up = distancesOf(graph, call)?.up as number;
      if (!Number.isFinite(up)) continue;
      const flat =
        w.height === 1 && w.width === 1 && w.in_height === w.out_height && w.in_width === w.out_width && w.whole;
      const pixels = w.batches * w.out_height * w.out_width;
      const sizes = flat ? chunksOfFour(pixels) : Array.from({ length: w.out_height }, () => w.out_width);
      expect(clashes(grouped(visits(w), sizes).reverse(), up)).toBe(false);
      checked++;
    }
    expect(checked).toBeGreaterThan(200);
  });

  it("are never too small for bands that are read before they are written, and seldom a byte too large", () => {
    const units = { pixels: 0, lines: 0 };
    let loose = 0;
    for (let i = 0; i < 300; i++) {
      const shape = [
        random.chance(0.2) ? 2 : 1,
        random.integer(5, 9),
        random.integer(5, 9),
        random.pick([3, 4, 8, 12]),
      ];
      const b = new NetworkBuilder(random, shape);
      const filter = random.pick([1, 3, 3, 5]);
      const strides = { strideH: random.integer(1, 2), strideW: random.integer(1, 2), dilationH: 1, dilationW: 1 };
      const graph = b.finish(
        "band",
        b.conv(b.input, random.integer(4, 9), { ...strides, filterH: filter, filterW: filter }),
      );
      const [lowered] = lowerGraph(graph, "lx6").calls;
      if (!isBanded(lowered)) continue;
      const { unit, count } = lowered.bands;
      const band = random.integer(1, count);
      const call = withBand(lowered, band);
      const down = distancesOf(graph, call)?.down as number;
      const w = windowOf(call) as Window;
      const order = grouped(visits(w), bandsOf(w, band, unit));
      expect(clashesLater(order, -down)).toBe(false);
      if (down > 0 && !clashesLater(order, 1 - down)) loose++;
      units[unit]++;
    }
    expect(Math.min(units.pixels, units.lines)).toBeGreaterThan(50);
    // A line, or what lies between a band's pixels, is taken to be read whole.
    expect(loose).toBeLessThan(60);
  });
});
