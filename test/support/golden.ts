/** Golden files: what smilec made once and must make again, byte for byte. `npm run golden:update` writes them; read the diff. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageRoot } from "#smilec/files/package-root.js";

export const goldenRoot = join(packageRoot, "test", "golden");

/** Where and how the contents differ from the golden file; undefined when they are equal. With GOLDEN_UPDATE=1 the file is renewed. */
export function goldenDifference(name: string, contents: string | Uint8Array): string | undefined {
  const path = join(goldenRoot, name);
  const got = Buffer.from(contents);
  if (process.env.GOLDEN_UPDATE === "1") {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, got);
    return undefined;
  }
  let wanted: Buffer;
  try {
    wanted = readFileSync(path);
  } catch {
    return `${name}: there is no golden file; run \`npm run golden:update\` and read the diff`;
  }
  if (wanted.equals(got)) return undefined;
  const at = wanted.findIndex((byte, i) => byte !== got[i]);
  const line = wanted
    .subarray(0, at < 0 ? wanted.length : at)
    .toString("latin1")
    .split("\n").length;
  return `${name}: differs from line ${line} on (${got.length} bytes, golden ${wanted.length})`;
}
