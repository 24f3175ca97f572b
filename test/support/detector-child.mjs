/**
 * Trains a small detector on painted rings and quantizes it, for test/locate/neural-training.test.ts; prints the losses of the epochs and the recall of
 * the int8 network on other pictures as JSON. Nothing but a face has a ring.
 */
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import { buildDetector } from "#smilec/locate/neural/architecture.js";
import { decodeTables } from "#smilec/locate/neural/box-code.js";
import { decodeMap } from "#smilec/locate/neural/decode.js";
import { SceneBatches } from "#smilec/locate/neural/train/batches.js";
import { initialDetector } from "#smilec/locate/neural/train/make.js";
import { quantizeDetector } from "#smilec/locate/neural/train/quantize.js";
import { trainDetector } from "#smilec/locate/neural/train/train.js";
import { ScenePool } from "#smilec/locate/train/scene-pool.js";
import { chooseConfidence } from "#smilec/locate/train/threshold.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { Rng } from "#smilec/train/rng.js";
import { createWasmBackend } from "#smilec/train/wasm/backend.js";

const CANVAS = { width: 96, height: 64 };
const INPUT = { canvas: CANVAS, normalize: "standardize" };
const SHAPE = { widths: [4, 8, 12, 12, 12], depths: [0, 1, 0, 0, 1] };

/** A dark ring with two dots in it. */
function paint(pixels, { x, y, side }) {
  for (let i = 0; i < pixels.length; i++) {
    const dx = (2 * ((i % CANVAS.width) + 0.5 - x)) / side;
    const dy = (2 * (Math.floor(i / CANVAS.width) + 0.5 - y)) / side;
    const radius = Math.hypot(dx, dy);
    const eye = Math.hypot(Math.abs(dx) - 0.4, dy + 0.3) < 0.2;
    if ((radius < 1 && radius > 0.7) || eye) pixels[i] = 30;
    else if (radius <= 0.7) pixels[i] = 220;
  }
}

function paintedPool(count, seed) {
  const { width, height } = CANVAS;
  const pool = new ScenePool(width, height, count);
  for (let i = 0; i < count; i++) {
    const rng = new Rng(seed, i);
    const frame = Uint8Array.from({ length: width * height }, () => 110 + rng.below(40));
    const block = { x: rng.below(width - 20), y: rng.below(height - 20), width: 12, height: 14 };
    for (let y = block.y; y < block.y + 14; y++) frame.fill(30, y * width + block.x, y * width + block.x + 12);
    const side = rng.between(14, 36);
    const within = (extent) => rng.between(side / 2, extent - side / 2);
    const faces = rng.uniform() < 0.8 ? [{ x: within(width), y: within(height), side, counts: true }] : [];
    for (const face of faces) paint(frame, face);
    pool.add(frame, { faces, fixtures: [block] });
  }
  return pool;
}

const context = { reporter: silentReporter, signal: new AbortController().signal };
const options = {
  seed: 1,
  epochs: 40,
  batchSize: 16,
  learningRate: 5e-3,
  warmupEpochs: 0.5,
  weightDecay: 1e-3,
  averaging: 0.98,
  hardShare: 0.2,
};
const backendOf = (network) =>
  createWasmBackend({
    network,
    batchSize: options.batchSize,
    input: { scale: Math.fround(3 / 127), zeroPoint: 0 },
    threads: 2,
    task: "detect",
  });

const pool = paintedPool(500, 1);
const network = buildDetector(CANVAS, SHAPE);
const backend = await backendOf(network);
const crops = await backendOf(buildDetector({ width: 64, height: 64 }, SHAPE));
const losses = [];
const training = { input: INPUT, pool, context, options };
const parameters = await trainDetector({
  ...training,
  network,
  initial: initialDetector(network, 1),
  backend,
  crops: { epochs: 2, side: 64, backend: crops },
  onEpoch: async (_epoch, _parameters, loss) => {
    losses.push(loss);
  },
});
await Promise.all([backend.dispose(), crops.dispose()]);
const quantize = { calibration: 50, percentile: 99.99, epochs: 1, learningRate: 3e-4 };
const model = { network, parameters };
const { graph } = await quantizeDetector({
  ...training,
  model,
  quantize,
  threads: 2,
  createBackend: createWasmBackend,
});

const others = paintedPool(80, 2);
const batches = new SceneBatches(others, INPUT, 1);
const interpreter = new ReferenceInterpreter(graph);
const tables = decodeTables(graph.tensors[graph.outputs[0]].quantization);
const searched = others.scenes.map((scene, i) => {
  const [map] = interpreter.run([batches.plain([i]).inputs]);
  return { scene, candidates: decodeMap(map, tables, CANVAS, CANVAS.width, CANVAS.height) };
});
console.log(JSON.stringify({ losses, recall: chooseConfidence(searched, 0.02).recall }));
