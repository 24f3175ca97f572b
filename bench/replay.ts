/**
 * `smilec replay` over many captures of 320 x 240 pixels: rate, and whether memory grows with their number. The captures are the host firmware's; each
 * picture lies in the catalogue many times (hard links), under another epoch.
 *
 *     npm run build && node --import ./bench/typescript.mjs bench/replay.ts [captures, default 50000]
 */
import { createHash } from "node:crypto";
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import type { CatalogueCapture } from "#smilec/captures/catalogue/types.js";
import { hex32 } from "#smilec/captures/format.js";
import { writeTflite } from "#smilec/emit/tflite/write.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { withDescription } from "#smilec/graph/bundle.js";
import { generatedModel, smallBundle } from "../test/support/host-bot.js";
import { officeBot, workDays } from "../test/support/office.js";
import { Random } from "../test/support/random.js";
import { timed } from "./timed.js";

const WIDTH = 320;
const HEIGHT = 240;
const PRESSES = 48;
const SEED = 39;
/** The memory of so much fewer captures is compared with. */
const FEWER = 4;

const captures = Number(process.argv[2] ?? 50_000);
const root = mkdtempSync(join(tmpdir(), "smilec-bench-replay-"));
try {
  const fewer = await measure(Math.round(captures / FEWER));
  const all = await measure(captures);
  console.log(`memory with ${FEWER} times the captures: ${(all / fewer).toFixed(2)} times as much`);
} finally {
  rmSync(root, { recursive: true, force: true });
}

/** Replays `count` captures; the peak memory in MiB. */
async function measure(count: number): Promise<number> {
  const project = join(root, String(count));
  await makeProject(project);
  multiply(join(project, "captures"), count);
  const args = [join(packageRoot, "dist", "main.js"), "replay", "--quiet", "-C", project];
  const { seconds, mebibytes, cpuSeconds } = timed(process.execPath, args);
  const rate = `${(count / seconds).toFixed(0)} a second (${((1e6 * cpuSeconds) / count).toFixed(0)} us of processor each)`;
  console.log(
    `${count} captures replayed, all equal: ${seconds.toFixed(1)} s, ${rate}; memory ${mebibytes.toFixed(0)} MiB`,
  );
  return mebibytes;
}

async function makeProject(project: string): Promise<void> {
  const model = writeTflite(withDescription(smallBundle(SEED)));
  const hash = createHash("sha256").update(model).digest("hex").slice(0, 16);
  mkdirSync(join(project, "deployed", hash), { recursive: true });
  writeFileSync(join(project, "deployed", hash, "model.tflite"), model);
  writeFileSync(join(project, "smilec.config.json"), JSON.stringify({ name: "replay-bench" }));
  const bot = await officeBot(WIDTH, {
    burst: 3,
    model: await generatedModel(smallBundle(SEED)),
    config: { MODEL_HASH: `"${hash}"`, FRAME_HEIGHT: `${HEIGHT}`, LOCATOR_SIZE: "800" },
  });
  try {
    const random = new Random(SEED);
    const image = () => ({
      width: WIDTH,
      height: HEIGHT,
      pixels: Uint8Array.from({ length: WIDTH * HEIGHT }, () => random.integer(0, 255)),
    });
    const visits = Array.from({ length: PRESSES }, () => ({ image: image(), label: "neutral" }));
    await workDays(bot, [visits], join(project, "captures"));
  } finally {
    await bot.dispose();
  }
}

/** Catalogues the captures that are there again and again until there are `count`. */
function multiply(dir: string, count: number): void {
  const catalogue = Catalogue.open(dir);
  try {
    const first = [...catalogue.captures()];
    const pull = catalogue.pulls.beginPull("folder", "copies", 0);
    catalogue.transaction(() => {
      for (let at = first.length; at < count; at++)
        addCopy(catalogue, first[at % first.length], Math.floor(at / first.length), pull);
    });
    catalogue.pulls.endPull(pull, 0);
  } finally {
    catalogue.close();
  }
}

function addCopy(catalogue: Catalogue, row: CatalogueCapture, copy: number, pull: number): void {
  const path = row.path.replace(row.key.epoch, hex32(copy));
  mkdirSync(dirname(join(catalogue.dir, path)), { recursive: true });
  linkSync(join(catalogue.dir, row.path), join(catalogue.dir, path));
  catalogue.pulls.add({ ...row, metadata: { ...row.metadata, epoch: copy }, path }, pull);
}
