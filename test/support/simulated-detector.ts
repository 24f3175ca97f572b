/** The neural locator on the simulated Xtensa: instructions of a frame, and that it finds what the TypeScript twin finds. Also used by bench/neural.ts. */
import { join } from "node:path";
import { simulateXtensa } from "#smilec/build/xtensa-sim.js";
import type { GrayImage } from "#smilec/data/types.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { emitDetector } from "#smilec/locate/neural/emit.js";
import type { NeuralModel } from "#smilec/locate/neural/model.js";
import type { Candidate } from "#smilec/locate/types.js";
import { lx6Sources } from "./xtensa.js";

const CORE = join(packageRoot, "firmware", "core");
/** What a detector needs of the core. */
export const CORE_SOURCES = ["sm_neural.c", "sm_preprocess.c", "sm_resize.c"];

const WORDS = 5;
const MOST = 16;
/** Number of candidates, then x, y, width, height and confidence of each. */
export const ANSWER_BYTES = 2 * (1 + WORDS * MOST);

export interface SimulatedFrame {
  readonly candidates: readonly Candidate[];
  readonly instructions: number;
}

/** Candidates of the detector with the ESP32's kernels, for frames of one size. Throws ToolError where there is no simulator. */
export async function simulateDetector(model: NeuralModel, frames: readonly GrayImage[]): Promise<SimulatedFrame[]> {
  const { files, network } = emitDetector(model, { provenance: "a simulation", target: "lx6" });
  const { width, height } = frames[0];
  const core = CORE_SOURCES.map((name) => join(CORE, name));
  const { outputs, instructions } = await simulateXtensa({
    files: { ...files, ...asModel(width, height) },
    prefix: "frame",
    sources: [...core, ...(network.kernelSources.length > 0 ? lx6Sources : [])],
    flags: [`-I${CORE}`],
    inputs: frames.map(({ pixels }) => new Int8Array(pixels.buffer, pixels.byteOffset, pixels.length)),
    outputLength: ANSWER_BYTES,
  });
  return outputs.map((output, i) => ({ candidates: parseAnswer(Buffer.from(output)), instructions: instructions[i] }));
}

/** As a model: the frame is the input, the answer the output. */
function asModel(width: number, height: number): Record<string, string> {
  return {
    "frame.h": "#include <stdint.h>\nint frame_invoke(const int8_t *input, int8_t *output);\n",
    "frame.c": `#include "frame.h"
#include <string.h>
#include "sm_types.h"
extern const sm_detector_t smilec_detector;
int frame_invoke(const int8_t *input, int8_t *output)
{
    sm_candidate_t found[SM_MAX_CANDIDATES] = {0};
    const int count = smilec_detector.candidates((const uint8_t *)input, ${width}, ${height}, found);
    const uint16_t number = (uint16_t)count;

    memcpy(output, &number, sizeof(number));
    memcpy(output + sizeof(number), found, sizeof(found));
    return count < 0 ? count : 0;
}
`,
  };
}

export function parseAnswer(bytes: Buffer): Candidate[] {
  return Array.from({ length: bytes.readUInt16LE(0) }, (_, i) => {
    const [x, y, width, height, confidence] = Array.from({ length: WORDS }, (_, k) =>
      bytes.readUInt16LE(2 + 2 * (WORDS * i + k)),
    );
    return { box: { x, y, width, height }, confidence };
  });
}
