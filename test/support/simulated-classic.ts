/** The classic locator on the simulated Xtensa: instructions of a frame, and that it finds what the TypeScript twin finds. */
import { join } from "node:path";
import { simulateXtensa } from "#smilec/build/xtensa-sim.js";
import type { GrayImage } from "#smilec/data/types.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { MAX_CANDIDATES } from "#smilec/locate/choose.js";
import type { Cascade } from "#smilec/locate/classic/cascade.js";
import { CASCADE_SOURCE, emitCascade } from "#smilec/locate/classic/emit.js";
import type { Candidate } from "#smilec/locate/types.js";

const coreFolder = join(packageRoot, "firmware", "core");
const WORDS = 5;
const OUTPUT_BYTES = 2 + 2 * WORDS * MAX_CANDIDATES;

/** As a model: the frame is the input, number and words of the candidates the output. */
function program({ width, height }: GrayImage): Record<string, string> {
  return {
    "classic.h": "#include <stdint.h>\nint classic_invoke(const int8_t *input, int8_t *output);\n",
    "classic.c": `#include "classic.h"
#include <string.h>
#include "${CASCADE_SOURCE}.h"
static uint64_t memory[(SMILEC_CASCADE_MEMORY + 7u) / 8u];
int classic_invoke(const int8_t *input, int8_t *output)
{
    sm_candidate_t found[SM_MAX_CANDIDATES] = {0};
    const int count = sm_classic_locate(&smilec_cascade, (const uint8_t *)input, ${width}, ${height}, memory, sizeof(memory), found);
    const int16_t number = (int16_t)count;

    memcpy(output, &number, sizeof(number));
    memcpy(output + sizeof(number), found, sizeof(found));
    return count < 0 ? count : 0;
}
`,
  };
}

export interface SimulatedFrame {
  readonly candidates: readonly Candidate[];
  readonly instructions: number;
}

/** Runs frames of one size. Throws ToolError where there is no simulator. */
export async function simulateClassic(cascade: Cascade, frames: readonly GrayImage[]): Promise<SimulatedFrame[]> {
  const { outputs, instructions } = await simulateXtensa({
    files: { ...emitCascade(cascade, { provenance: "a simulation", frame: frames[0] }), ...program(frames[0]) },
    prefix: "classic",
    sources: ["sm_classic.c", "sm_cascade.c", "sm_classic_group.c", "sm_resize.c"].map((name) =>
      join(coreFolder, name),
    ),
    flags: [`-I${coreFolder}`],
    inputs: frames.map(({ pixels }) => new Int8Array(pixels.buffer, pixels.byteOffset, pixels.length)),
    outputLength: OUTPUT_BYTES,
  });
  return outputs.map((output, i) => ({ candidates: parse(Buffer.from(output)), instructions: instructions[i] }));
}

function parse(bytes: Buffer): Candidate[] {
  return Array.from({ length: bytes.readInt16LE(0) }, (_, i) => {
    const [x, y, width, height, confidence] = Array.from({ length: WORDS }, (_, k) =>
      bytes.readUInt16LE(2 + 2 * (WORDS * i + k)),
    );
    return { box: { x, y, width, height }, confidence };
  });
}
