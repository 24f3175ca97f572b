/**
 * Instructions of the classic locator for a 320x240 frame on the simulated Xtensa: an empty wall, offices with nobody, scenes with a face. Every candidate is
 * compared with the TypeScript twin. Then what it does to the time from press to light.
 *
 *     npm run build && node --import ./bench/typescript.mjs bench/classic.ts [cascade.json] [--frames N]
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { esp32cam } from "#smilec/board/esp32cam.js";
import type { GrayImage } from "#smilec/data/types.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { CYCLES_PER_INSTRUCTION } from "#smilec/inspect/speed.js";
import { type Cascade, parseCascade } from "#smilec/locate/classic/cascade.js";
import { cascadeBytes, workBytes } from "#smilec/locate/classic/emit.js";
import { locateClassic } from "#smilec/locate/classic/locate.js";
import { Scanner } from "#smilec/locate/classic/scan.js";
import { detectorPath } from "#smilec/pipeline/detector.js";
import { sceneAt } from "#smilec/scenes/compose.js";
import { drawnPeople } from "#smilec/scenes/people.js";
import { Rng } from "#smilec/train/rng.js";
import { simulateClassic } from "../test/support/simulated-classic.js";

const FRAME = { width: 320, height: 240 };
const BURST = 3;
const people = drawnPeople(1, "test");

/** A wall as a camera sees it: a little brighter on one side, with noise. */
function wall(index: number): GrayImage {
  const rng = new Rng(3, index);
  const pixels = Uint8Array.from({ length: FRAME.width * FRAME.height }, (_, i) =>
    Math.max(0, Math.min(255, 110 + (i % FRAME.width) / 16 + (1 + index) * rng.normal())),
  );
  return { ...FRAME, pixels };
}

const KINDS: readonly (readonly [name: string, make: (index: number) => GrayImage])[] = [
  ["empty wall", wall],
  ["office, nobody", (i) => sceneAt(21, i, { ...FRAME, people, faces: [1] }).frame],
  ["office, a face", (i) => sceneAt(22, i, { ...FRAME, people, faces: [0, 1] }).frame],
];

function lookups(cascade: Cascade, frame: GrayImage): number {
  const scanner = new Scanner(cascade);
  locateClassic(cascade, frame, scanner);
  return scanner.lookups;
}

const { values, positionals } = parseArgs({
  options: { frames: { type: "string", default: "6" } },
  allowPositionals: true,
});
const path = positionals[0] ?? detectorPath(packageRoot, "classic");
const cascade = parseCascade(await readFile(path, "utf8"), path);
const count = Number(values.frames);
console.log(
  `${path}: ${cascadeBytes(cascade)} bytes of constants, ${workBytes(cascade, FRAME)} bytes of working memory\n`,
);
let worst = 0;
const million = (value: number) => (value / 1e6).toFixed(2).padStart(6);
for (const [name, make] of KINDS) {
  const frames = Array.from({ length: count }, (_, i) => make(i));
  const results = await simulateClassic(cascade, frames);
  results.forEach(({ candidates }, i) => {
    if (JSON.stringify(candidates) !== JSON.stringify(locateClassic(cascade, frames[i])))
      throw new Error(`${name} ${i}: the twins differ`);
  });
  const sorted = results.map(({ instructions }) => instructions).sort((a, b) => a - b);
  const looks = frames.map((frame) => lookups(cascade, frame)).sort((a, b) => a - b);
  worst = Math.max(worst, sorted[count - 1]);
  console.log(
    `${name.padEnd(16)} instructions: median ${million(sorted[count >> 1])} M, worst ${million(sorted[count - 1])} M; tables looked up: median ${looks[count >> 1]}`,
  );
}
const ms = (CYCLES_PER_INSTRUCTION * worst * 1000) / esp32cam.cpuHz;
console.log(
  `\nworst frame on the ESP32-CAM: ${ms.toFixed(0)} ms at ${CYCLES_PER_INSTRUCTION} cycles an instruction, assumed`,
);
console.log(`all ${BURST} frames of a press: ${(BURST * ms).toFixed(0)} ms`);
