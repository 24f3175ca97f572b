import { readdir } from "node:fs/promises";
import { describe, expect, it } from "@jest/globals";
import {
  multiplyByQuantizedMultiplier,
  roundingDivideByPOT,
  saturatingRoundingDoublingHighMul,
  saturatingShiftLeft,
} from "#smilec/graph/arithmetic.js";
import { compile, kernelFolder, SANITIZED } from "../support/compile.js";
import { Random } from "../support/random.js";

describe("kernel headers", () => {
  it("compile each on its own, in any order, twice", async () => {
    const headers = (await readdir(kernelFolder)).filter((name) => name.endsWith(".h")).sort();
    expect(headers.length).toBeGreaterThanOrEqual(8);
    const sources = headers.map((name) => [`${name}.c`, `#include "${name}"\n#include "${name}"\n`]);
    const all = [...headers].reverse().map((name) => `#include "${name}"\n`);
    const main = `${all.join("")}int main(void) { return 0; }\n`;
    const program = await compile({ ...Object.fromEntries(sources), "main.c": main }, SANITIZED);
    await program.run([]);
    await program.dispose();
  }, 60_000);
});

describe("smk_arithmetic.h", () => {
  const edges = [
    0, 1, -1, 2, -2, 0x3fffffff, 0x40000000, -0x40000000, -0x40000001, 0x7fffffff, -0x7fffffff, -0x80000000,
  ];
  const random = new Random(1);
  const word = () => (random.chance(0.3) ? random.pick(edges) : random.uint32() | 0);
  const multiplier = () =>
    random.chance(0.1) ? random.pick([0, 0x40000000, 0x7fffffff]) : random.integer(2 ** 30, 2 ** 31 - 1);
  const cases = Array.from({ length: 4000 }, () => ({
    a: word(),
    b: word(),
    multiplier: multiplier(),
    shift: random.integer(-31, 30),
  }));

  it("equals the reference arithmetic on edges and random words, without undefined behaviour", async () => {
    const literal = (value: number) => (value === -0x80000000 ? "INT32_MIN" : String(value));
    const rows = cases.map((c) => `{${[c.a, c.b, c.multiplier, c.shift].map(literal).join(", ")}}`);
    const main = `#include "smk_arithmetic.h"
#include <stdio.h>
static const int32_t cases[][4] = {${rows.join(",\n")}};
int main(void) {
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const int32_t *c = cases[i];
        const int32_t right = c[3] < 0 ? -c[3] : c[3];
        printf("%d %d %d %d\\n", smk_high_multiply(c[0], c[1]), smk_rounding_shift_right(c[0], right),
               smk_saturating_shift_left(c[0], right == 0 ? 1 : right > 30 ? 30 : right), smk_multiply(c[0], c[2], c[3]));
    }
    return 0;
}`;
    const program = await compile({ "main.c": main }, SANITIZED);
    const lines = (await program.run([])).split("\n");
    await program.dispose();
    const expected = cases.map((c) =>
      [
        saturatingRoundingDoublingHighMul(c.a, c.b),
        roundingDivideByPOT(c.a, Math.abs(c.shift)),
        saturatingShiftLeft(c.a, Math.min(30, Math.abs(c.shift) || 1)),
        multiplyByQuantizedMultiplier(c.a, c.multiplier, c.shift),
      ].join(" "),
    );
    expect(expected).toHaveLength(4000);
    expect(lines.slice(0, expected.length)).toEqual(expected);
  }, 60_000);

  it("multiplies as exact integer arithmetic does", () => {
    for (const { a, b } of cases) {
      const exact = (BigInt(a) * BigInt(b) + (1n << 30n)) >> 31n;
      const saturated = exact > 0x7fffffffn ? 0x7fffffff : Number(exact);
      expect(saturatingRoundingDoublingHighMul(a, b)).toBe(saturated);
    }
  });
});
