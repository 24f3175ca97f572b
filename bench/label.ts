/**
 * The label studio with 50,000 captures: how long it takes to open, to make a queue, and to keep a stroke, and how much memory it holds. Captures are rows without
 * pictures, in presses of three; measuring pictures is timed apart, on drawn frames. `npm run build`, then `node --import ./bench/typescript.mjs bench/label.ts [captures]`.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import type { CaptureMetadata } from "#smilec/captures/metadata.js";
import { drawnFrame } from "#smilec/data/synthetic/people.js";
import { LOOK_REVISION, measureLook, SKETCH_SIDE } from "#smilec/label/measure.js";
import { Studio } from "#smilec/label/studio.js";
import { Random } from "../test/support/random.js";

const count = Number(process.argv[2] ?? 50_000);
/** The process that only fills this folder, so that its memory is not counted. */
const folder = process.argv[3];
const BURST = 3;
const STROKES = 50;
const FRAMES = 40;

function fill(catalogue: Catalogue): void {
  const random = new Random(1);
  const pull = catalogue.pulls.beginPull("folder", "bench", 0);
  const box = { x: 64, y: 24, width: 192, height: 192 };
  catalogue.transaction(() => {
    for (let i = 0; i < count; i++) {
      const press = Math.floor(i / BURST) + 1;
      const metadata = {
        ...{
          device: 1,
          epoch: 2,
          segment: 1 + (i >> 7),
          slot: i & 127,
          boot: 1,
          uptimeMs: 1000 * i,
          config: 3,
          firmware: "0.1.0",
        },
        ...{
          sequence: i + 1,
          press,
          burstIndex: (i % BURST) + 1,
          burstCount: BURST,
          model: "0123456789abcdef",
          engine: "aot",
        },
        ...{ sum: random.integer(-300, 300), threshold: -180, smile: true, margin: 1, outputs: [1, 2], box },
        preprocess: { size: 48, normalize: "standardize" },
        stages: { acquireUs: 1, preprocessUs: 2, invokeUs: 3, latencyUs: 4, logUs: 5 },
      } as unknown as CaptureMetadata;
      const facts = { width: 320, height: 240, payloadCrc: 1, payloadBytes: 77_824, recovered: false };
      catalogue.pulls.add({ metadata, ...facts, path: `${i}.pgm`, taken: { ms: 1000 * i, errorMs: 0 } }, pull);
      const sketch = new Uint8Array(random.int8s(SKETCH_SIDE ** 2).buffer);
      catalogue.labels.setLook(i + 1, LOOK_REVISION, {
        measures: { face: 90, around: 100, sharpness: 1, noise: 2 },
        sketch,
      });
    }
  });
}

async function timed<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  const from = performance.now();
  const result = await work();
  console.log(`${what.padEnd(46)} ${(performance.now() - from).toFixed(0).padStart(7)} ms`);
  return result;
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

async function measure(dir: string): Promise<void> {
  execFileSync(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), String(count), dir], {
    stdio: "inherit",
  });
  const catalogue = Catalogue.open(dir);
  const config = { name: "bench", labels: ["neutral", "smile"], positive: "smile" };
  const studio = await timed(
    `open ${count} captures`,
    () => new Studio({ catalogue, config, pass: 1, scales: new Map() }),
  );
  const opened = process.memoryUsage().rss;
  const request = { filter: "new", light: "any", order: "informative" } as const;
  const { presses } = await timed("first informative queue", () => studio.queue(request));
  await timed("informative queue again", () => studio.queue(request));
  await timed("queue by time", () => studio.queue({ ...request, order: "time" }));
  const views = studio.presses(presses.slice(0, STROKES), false);
  studio.on("change", () => studio.progress());
  await timed(`${STROKES} strokes on the disk, progress counted`, () =>
    views.forEach(({ captures }, i) => {
      studio.judge({
        stroke: `bench-${String(i).padStart(8, "0")}`,
        captures: captures.map(({ id }) => id),
        label: "smile",
      });
    }),
  );
  const frames = Array.from({ length: FRAMES }, (_, i) => drawnFrame(1, i, 320, 240).image);
  await timed(`${FRAMES} frames measured`, () =>
    frames.forEach((frame) => void measureLook(frame, { x: 64, y: 24, width: 192, height: 192 })),
  );
  console.log(
    `memory ${mebibytes(opened)} when open, then ${mebibytes(process.memoryUsage().rss)}, of it JavaScript ${mebibytes(process.memoryUsage().heapUsed)}`,
  );
  catalogue.close();
}

if (folder !== undefined) {
  const catalogue = Catalogue.open(folder);
  fill(catalogue);
  catalogue.close();
} else {
  const dir = mkdtempSync(join(tmpdir(), "smilec-bench-label-"));
  try {
    await measure(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
