/**
 * Instructions of the neural locator for a 320x240 frame on the simulated Xtensa, with the ESP32's kernels: an empty wall, an office with nobody, scenes with
 * faces. Every candidate is compared with the TypeScript twin.
 *
 *     npm run build && node --import ./bench/typescript.mjs bench/neural.ts [model.tflite] [--frames N]
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { esp32cam } from "#smilec/board/esp32cam.js";
import type { GrayImage } from "#smilec/data/types.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { CYCLES_PER_INSTRUCTION } from "#smilec/inspect/speed.js";
import { emitDetector } from "#smilec/locate/neural/emit.js";
import { NeuralLocator } from "#smilec/locate/neural/locate.js";
import { loadNeuralModel } from "#smilec/locate/neural/model.js";
import { sceneAt } from "#smilec/scenes/compose.js";
import { drawnPeople } from "#smilec/scenes/people.js";
import { simulateDetector } from "../test/support/simulated-detector.js";

const FRAME = { width: 320, height: 240 };
const people = drawnPeople(1, "test");

const KINDS: readonly (readonly [name: string, make: (index: number) => GrayImage])[] = [
  ["grey", () => ({ ...FRAME, pixels: new Uint8Array(FRAME.width * FRAME.height).fill(120) })],
  ["office, nobody", (i) => sceneAt(21, i, { ...FRAME, people, faces: [1] }).frame],
  ["office, two faces", (i) => sceneAt(22, i, { ...FRAME, people, faces: [0, 0, 1] }).frame],
];

const { values, positionals } = parseArgs({
  options: { frames: { type: "string", default: "2" } },
  allowPositionals: true,
});
const path = positionals[0] ?? join(packageRoot, "models", "face-neural", "model.tflite");
const model = await loadNeuralModel(path);
const { network, ramBytes } = emitDetector(model, { provenance: "a bench", target: "lx6" });
console.log(`${path}: ${network.weightBytes} bytes of constants, ${ramBytes} bytes of working memory`);
const locator = new NeuralLocator(model);
for (const [name, make] of KINDS) {
  const frames = Array.from({ length: Number(values.frames) }, (_, i) => make(i));
  const results = await simulateDetector(model, frames);
  const different = results.filter(
    ({ candidates }, i) => JSON.stringify(candidates) !== JSON.stringify(locator.candidates(frames[i])),
  ).length;
  const most = Math.max(...results.map(({ instructions }) => instructions));
  const ms = (1000 * CYCLES_PER_INSTRUCTION * most) / esp32cam.cpuHz;
  console.log(
    `${name.padEnd(20)} at most ${(most / 1e6).toFixed(2)} M instructions, ${ms.toFixed(1)} ms at ${CYCLES_PER_INSTRUCTION} cycles each (assumed); ${different} frames differ`,
  );
}
