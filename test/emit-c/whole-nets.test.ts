/**
 * Whole networks at random against the reference, with all that an arena plan does at once: results over the inputs that they consume, from the first
 * row or from the last, layers joined row by row, scratch beside. The arena holds random bytes before each run, and what lies behind it is watched.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { JoinLayers } from "#smilec/emit/c/fuse.js";
import type { EmittedC } from "#smilec/emit/c/model.js";
import { packageRoot } from "#smilec/files/package-root.js";
import type { Int8Graph } from "#smilec/graph/types.js";
import { ADDRESSES_CHECKED, kernelFolder, SANITIZED } from "../support/compile.js";
import { Random } from "../support/random.js";
import { compareWithReference } from "./model-program.js";
import { BLOCKS, partlyPortable, wholeNetworks } from "./whole-networks.js";

const NETWORKS = 70;
const RUNS = 4;

interface Counts {
  /** Calls whose result lies partly over the input that they consume. */
  overlapping: number;
  /** Calls that go from the last row or pixel to the first, as their result lies above the input. */
  backward: number;
  /** Calls that are several layers. */
  joined: number;
}

/** Adds what one model does. */
function count(counts: Counts, { arena, calls }: EmittedC): void {
  const tensors = arena.filter(({ name }) => name !== "scratch");
  counts.overlapping += tensors.filter((output) =>
    tensors.some((input) => input !== output && input.to === output.from && meet(input, output)),
  ).length;
  counts.backward += calls.filter(({ rows }) => rows?.backward).length;
  counts.joined += calls.filter(({ rows }) => (rows?.stages.length ?? 0) > 1).length;
}

type Tenant = EmittedC["arena"][number];

function meet(a: Tenant, b: Tenant): boolean {
  return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

const networks = wholeNetworks(new Random(71), NETWORKS);
const share = new Random(73);
const mixed = networks.map((graph) => partlyPortable(share, graph));
const half = NETWORKS / 2;

const portable = { target: "portable", more: [], files: {} } as const;
const lx6 = {
  target: "lx6",
  more: [`-I${join(kernelFolder, "lx6")}`],
  files: { "lx6_twin.c": readFileSync(join(packageRoot, "test", "support", "lx6_twin.c"), "utf8") },
} as const;

const CASES: readonly [string, typeof portable | typeof lx6, JoinLayers, readonly Int8Graph[], readonly string[]][] = [
  ["portable, joined to save memory", portable, "to-save-memory", networks, ADDRESSES_CHECKED],
  ["portable, joined wherever possible", portable, "wherever-possible", networks, ADDRESSES_CHECKED],
  ["lx6, joined to save memory", lx6, "to-save-memory", mixed.slice(0, half), ADDRESSES_CHECKED],
  ["lx6, joined wherever possible", lx6, "wherever-possible", mixed.slice(half), ADDRESSES_CHECKED],
  ["portable, all that is undefined checked", portable, "to-save-memory", networks.slice(0, 12), SANITIZED],
  ["lx6, all that is undefined checked", lx6, "wherever-possible", mixed.slice(0, 6), SANITIZED],
];

describe("whole networks", () => {
  const total: Counts = { overlapping: 0, backward: 0, joined: 0 };
  let compared = 0;

  it.each(CASES)(
    "equal the reference: %s",
    async (name, { target, more, files }, joinLayers, graphs, flags) => {
      const counts: Counts = { overlapping: 0, backward: 0, joined: 0 };
      const result = await compareWithReference(graphs, new Random(72), {
        runs: RUNS,
        flags: [...flags, ...more],
        files,
        emit: { target, joinLayers },
        perFile: 9,
        onEmitted: (emitted) => count(counts, emitted),
      });
      console.info(`${name}: ${graphs.length} networks, ${result.compared} values compared, ${JSON.stringify(counts)}`);
      expect(result).toMatchObject({ different: 0, firstDifference: undefined, failedSelfTests: 0 });
      expect(result.compared).toBeGreaterThan(2 * RUNS * graphs.length);
      expect(result.distinct).toBeGreaterThan(128);
      for (const [key, value] of Object.entries(counts)) total[key as keyof Counts] += value;
      compared += result.compared;
    },
    900_000,
  );

  it("are of every kind, and overlap, go backward and are joined many times", () => {
    console.info(`in all: ${compared} values compared, ${JSON.stringify(total)}`);
    for (const name of Object.keys(BLOCKS)) {
      expect(networks.filter((graph) => graph.name.includes(name)).length).toBeGreaterThanOrEqual(5);
    }
    expect(networks.filter(({ inputs, tensors }) => tensors[inputs[0]].shape[0] > 1).length).toBeGreaterThan(10);
    expect(compared).toBeGreaterThan(20_000);
    expect(total.overlapping).toBeGreaterThan(100);
    expect(total.backward).toBeGreaterThan(10);
    expect(total.joined).toBeGreaterThan(50);
  });
});
