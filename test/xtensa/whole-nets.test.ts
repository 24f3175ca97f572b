/** Whole networks at random on the ESP32's instruction set, in arenas that hold random bytes before each run and are watched (test/emit-c has more of them). */
import { describe, expect, it } from "@jest/globals";
import { emitC } from "#smilec/emit/c/model.js";
import { partlyPortable, wholeNetworks } from "../emit-c/whole-networks.js";
import { compile, OPTIMIZED } from "../support/compile.js";
import { Random } from "../support/random.js";
import { watchedArena, watchedArenaHeader } from "../support/watched-arena.js";
import { missingSimulator, simulateGraphs } from "../support/xtensa.js";

const reason = await missingSimulator();
const describeSimulated = reason === undefined ? describe : describe.skip;
const suffix = reason === undefined ? "" : ` (skipped: ${reason})`;

const random = new Random(81);
const networks = wholeNetworks(random, 14).map((graph, i) => (i % 2 === 0 ? graph : partlyPortable(random, graph)));

describeSimulated(`whole networks on the simulated LX6${suffix}`, () => {
  it.each(["to-save-memory", "wherever-possible"] as const)(
    "equal the reference and write nothing behind their arenas, layers joined %s",
    async (joinLayers) => {
      const options = { emit: { joinLayers }, watched: true };
      const result = await simulateGraphs(networks, "lx6", new Random(82), 4, options);
      console.info(
        `${joinLayers}: ${networks.length} networks, ${result.compared} values, ${result.kernels.join(" ")}`,
      );
      expect(result.firstDifference).toBeUndefined();
      expect(result.different).toBe(0);
      expect(result.compared).toBeGreaterThan(4_000);
      expect(result.distinct).toBeGreaterThan(200);
      for (const kernel of ["conv_rows", "conv_patches", "conv_point", "depthwise"]) {
        expect(result.kernels).toContain(`smk_lx6_${kernel}`);
      }
      expect(result.kernels.some((kernel) => !kernel.startsWith("smk_lx6_"))).toBe(true);
    },
    900_000,
  );
});

describe("a watched arena", () => {
  it.each([
    [-1, 1],
    [0, 0],
    [63, 0],
  ])(
    "notices a write %d bytes behind its end",
    async (distance, intact) => {
      const emitted = emitC(networks[0], { prefix: "m0", provenance: "a test" });
      const files = watchedArena(emitted, "m0");
      expect(emitted.arenaBytes).toBeGreaterThan(0);
      const stray = `\nvoid m0_stray(void);\nvoid m0_stray(void)\n{\n    m0_arena[M0_ARENA_BYTES + ${distance}] ^= 1;\n}\n`;
      const main = `#include <stdint.h>\n#include <stdio.h>\n${watchedArenaHeader("m0")}void m0_stray(void);
int main(void)
{
    m0_poison(5);
    const int before = m0_intact(5);
    m0_stray();
    printf("%d %d", before, m0_intact(5));
    return 0;
}
`;
      const program = await compile({ ...files, "m0.c": files["m0.c"] + stray, "main.c": main }, OPTIMIZED);
      expect(await program.run([])).toBe(`1 ${intact}`);
      await program.dispose();
    },
    60_000,
  );
});
