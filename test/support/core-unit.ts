/** One part of the firmware's core with a driver of test/firmware/c/units, by default under sanitizers. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "#smilec/files/package-root.js";
import { compile, type Program, SANITIZED } from "./compile.js";
import { coreFolder } from "./firmware.js";

export function compileUnit(
  driver: string,
  sources: readonly string[],
  flags: readonly string[] = SANITIZED,
): Promise<Program> {
  const folder = join(packageRoot, "test/firmware/c/units");
  const files = [driver].map((name) => [name, readFileSync(join(folder, name), "utf8")]);
  const core = sources.map((name) => [name, readFileSync(join(coreFolder, name), "utf8")]);
  return compile(Object.fromEntries([...files, ...core]), [...flags, `-I${coreFolder}`]);
}
