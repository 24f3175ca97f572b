/** The kernels' assembly against what ESP-IDF says of each board's processor: one set of kernels for the LX6 and the LX7. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { boards } from "#smilec/board/boards.js";
import { idfComponent, withoutEspTrees } from "../support/esp-idf.js";
import { lx6Sources } from "../support/xtensa.js";

/** What the instruction set's options bring (Xtensa ISA Reference Manual, chapter 4). */
const OPTIONS: Readonly<Record<string, RegExp>> = {
  MAC16: /^(mula?\.(dd|da|ad|aa)\..*|ldinc|lddec)$/,
  LOOPS: /^loop(nez|gtz)?$/,
  MUL32: /^mull$/,
  MUL32_HIGH: /^mul[su]h$/,
  MINMAX: /^(min|max)u?$/,
  CLAMPS: /^clamps$/,
  SEXT: /^sext$/,
  NSA: /^nsau?$/,
  WINDOWED: /^(entry|retw)$/,
};
const CORE =
  /^(l32i|l8ui|s32i|s16i|s8i|add|addi|sub|slli|srli|srai|sra|ssr|and|or|xor|mov|movi|extui|beqz|bnez|bne|bbci|rsr|wsr)$/;

/** The instructions of the assembly, macros' bodies included. */
function instructions(): Set<string> {
  const text = lx6Sources.map((path) => readFileSync(path, "utf8").replace(/\/\*[\s\S]*?\*\//g, "")).join("\n");
  const own = [...text.matchAll(/^ {4}([a-z][a-z0-9.]*)/gm)].map(([, name]) => name);
  const inMacros = [...text.matchAll(/^#define \w+\([^)]*\) +([a-z][a-z0-9.]*)/gm)].map(([, name]) => name);
  return new Set([...own, ...inMacros]);
}

function neededOptions(): string[] {
  const names = Object.keys(OPTIONS);
  return names.filter((option) => [...instructions()].some((name) => OPTIONS[option].test(name)));
}

const chips = [...new Set(Object.values(boards).map(({ chip }) => chip))];
const reason = withoutEspTrees();

describe("the assembly kernels", () => {
  it("have no instruction of which it is not known what option it needs", () => {
    const known = [CORE, ...Object.values(OPTIONS)];
    expect([...instructions()].filter((name) => !known.some((pattern) => pattern.test(name)))).toEqual([]);
    expect(neededOptions()).toEqual(expect.arrayContaining(["MAC16", "LOOPS", "MUL32_HIGH", "CLAMPS"]));
  });

  (reason === undefined ? it : it.skip).each(chips)(
    `run on the %s: its processor has their options, and its interrupts keep their registers${reason === undefined ? "" : ` (skipped: ${reason})`}`,
    (chip) => {
      const config = (name: string) =>
        readFileSync(idfComponent(`xtensa/${chip}/include/xtensa/config/${name}`), "utf8");
      const core = config("core-isa.h");
      const missing = neededOptions().filter((option) => !new RegExp(`XCHAL_HAVE_${option}\\s+1\\b`).test(core));
      expect(missing).toEqual([]);
      const saved = config("tie-asm.h");
      for (const register of ["ACCLO", "ACCHI", "M0", "M1", "M2", "M3"]) {
        expect(saved).toContain(`rsr.${register}\t`);
        expect(saved).toContain(`wsr.${register}\t`);
      }
    },
  );
});
