/**
 * The time from press to light on every board, with its parts, for the shipped model: from the golden session's instructions on the simulated Xtensa
 * (test/support/session.ts), the estimates beside them, and stated times of camera and drivers (src/inspect/press-to-light.ts).
 *
 *     npm run build && node --import ./bench/typescript.mjs bench/press-to-light.ts
 */
import { boards } from "#smilec/board/boards.js";
import { preprocessInstructions, pressLines, pressToLight } from "#smilec/inspect/press-to-light.js";
import { runOnXtensa, type Stage, sessionConfig, sessionModel } from "../test/support/session.js";

const BOX = 192;
const NAMES: readonly (readonly [stage: Stage, what: string])[] = [
  ["copy", "a frame's copy"],
  ["preprocess", "locating, resizing, standardizing a frame, CRC of the input"],
  ["network", "an inference"],
  ["light", "a press to the lights, all frames"],
  ["log", "a capture's record: metadata, CRC, writes; without the card"],
];

const model = await sessionModel();
const config = sessionConfig();
const size = model.description.preprocess.size;
const { stages } = await runOnXtensa();
const largest = (stage: Stage) => Math.max(...(stages.get(stage) ?? []));

console.log("instructions of the boards, the HAL left out (largest in the golden session)\n");
for (const [stage, what] of NAMES) console.log(`${largest(stage).toLocaleString("en-US").padStart(12)}  ${what}`);
const ratio = largest("preprocess") / preprocessInstructions(BOX, size);
console.log(`\npreprocessing: counted / estimated ${ratio.toFixed(3)}`);

for (const board of Object.values(boards)) {
  const result = pressToLight({
    board,
    burst: config.decision.burst,
    debounceMs: config.firmware.debounceMs,
    boxSize: BOX,
    inputSize: size,
    networkInstructions: largest("network"),
  });
  console.log(`\n${board.id}: ${pressLines(result).join("\n")}`);
  if (!result.withinLimit) process.exitCode = 1;
}
