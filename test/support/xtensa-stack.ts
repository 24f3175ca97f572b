/** What a frame takes on the ESP32, and functions whose frames no compiler of ours sees. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { kernelFolder } from "./compile.js";

export const lx6Folder = join(kernelFolder, "lx6");

/**
 * The compiler is for the lx106, whose functions save registers in their frames. With the ESP32's windows a frame holds at most 48 bytes for registers
 * instead (Xtensa ISA, "Windowed procedure-call protocol": 16 bytes of base save area, 32 of extra save area), in steps of 16: a bound.
 */
export function windowed(bytes: number): number {
  return Math.ceil(bytes / 16) * 16 + 48;
}

/** Bytes of any function of the C library and of the compiler's that is called here: all are leaves. */
const LIBRARY_BYTES = 96;
const LIBRARY =
  /^(mem(cpy|set|move|cmp|chr)|str(len|cmp|chr)|__(u?div|u?mod|umod|mul|ashl|lshr|ashr)[sd]i3|__(add|sub|mul|div)[sd]f3|__(extend|trunc|fix|float)\w+)$/;

/** Functions of the core that the HAL calls back. */
export const CALLED_BACK = /:note_(candidate|file|segment)$/;

/** Largest `entry` of the kernels in assembly. */
const assemblyFrame = (() => {
  const text = readFileSync(join(lx6Folder, "smk_lx6.S"), "utf8");
  return Math.max(...[...text.matchAll(/\bentry\s+a1,\s*(\d+)/g)].map(([, bytes]) => Number(bytes)));
})();

/** Undefined for functions of others. */
export function knownBytes(name: string): number | undefined {
  if (LIBRARY.test(name)) return LIBRARY_BYTES;
  return name.startsWith("smk_lx6_") ? assemblyFrame : undefined;
}
