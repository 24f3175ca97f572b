/** An emitted detector that answers for frames on this machine. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { GrayImage } from "#smilec/data/types.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { emitDetector } from "#smilec/locate/neural/emit.js";
import type { NeuralModel } from "#smilec/locate/neural/model.js";
import type { Candidate } from "#smilec/locate/types.js";
import { compile } from "./compile.js";
import { cFiles, coreFolder } from "./firmware.js";
import { ANSWER_BYTES, CORE_SOURCES, parseAnswer } from "./simulated-detector.js";

/** The core's headers and the sources that locate. */
export async function locatorCore(): Promise<Record<string, string>> {
  const files = Object.entries(await cFiles(coreFolder));
  return Object.fromEntries(files.filter(([name]) => name.endsWith(".h") || CORE_SOURCES.includes(name)));
}

/** Candidates of frames of any size, by the detector compiled for this machine. */
export async function runDetector(
  model: NeuralModel,
  frames: readonly GrayImage[],
  flags: readonly string[],
): Promise<Candidate[][]> {
  const driver = await readFile(join(packageRoot, "test/firmware/c/detector_driver.c"), "utf8");
  const { files } = emitDetector(model, { provenance: "a test" });
  const program = await compile({ ...(await locatorCore()), ...files, "driver.c": driver }, flags);
  try {
    const requests = frames.map(({ width, height, pixels }) =>
      Buffer.concat([Buffer.from(Uint16Array.of(width, height).buffer), pixels]),
    );
    await writeFile(join(program.folder, "in.bin"), Buffer.concat(requests));
    await program.run(["in.bin", "out.bin"]);
    const answers = await readFile(join(program.folder, "out.bin"));
    return frames.map((_, i) => parseAnswer(answers.subarray(i * ANSWER_BYTES, (i + 1) * ANSWER_BYTES)));
  } finally {
    await program.dispose();
  }
}
