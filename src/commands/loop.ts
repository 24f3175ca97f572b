/** `smilec loop`, which is `npm start`: the whole loop on this machine, from pictures to a bot that has judged some, and one page about it. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { AugmentationName } from "../augment/types.js";
import { CONFIG_FILE } from "../config/load.js";
import { writeFrames } from "../data/synthetic/frames.js";
import { CheckFailedError } from "../errors.js";
import { QUALITY_KEYS, type Quality } from "../evaluate/evaluation.js";
import { writeJson } from "../files/write.js";
import { obtainEvaluation } from "../pipeline/evaluate.js";
import { obtainFirmware } from "../pipeline/firmware.js";
import { obtainLocators } from "../pipeline/locators.js";
import { readModel } from "../pipeline/model.js";
import { drawnLabels } from "../pipeline/pictures.js";
import { openProject, type Project } from "../pipeline/project.js";
import { obtainReport } from "../pipeline/report.js";
import { obtainCaptureParts } from "../pipeline/report-captures.js";
import { obtainSimulation, type Simulated } from "../pipeline/simulation.js";
import type { Artifact } from "../pipeline/store.js";
import { obtainTrainedModel } from "../pipeline/trained-model.js";
import type { CommandContext } from "./context.js";
import { bytes, percent, thousands } from "./table.js";

/** Where the loop's own project lives when there is none here. */
const LOOP_FOLDER = join("build", "smile-bot");

/** Augmentations that happen to no picture. */
function off(...names: AugmentationName[]): Record<string, { probability: number }> {
  return Object.fromEntries(names.map((name) => [name, { probability: 0 }]));
}

/** A short training that still learns: the point is to see the path. Drawn faces come with their own noise and light, so little is added. */
const LOOP_CONFIG = {
  name: "smile-bot",
  data: { synthetic: { count: 3000, seed: 1 } },
  train: {
    architecture: "small",
    epochs: 30,
    batchSize: 64,
    augment: {
      shift: 0.06,
      scale: { smallest: 0.9, largest: 1.1 },
      rotate: 8,
      perspective: 0.05,
      exposure: 0.5,
      unevenLight: 0.5,
      vignette: 0.5,
      contrast: 0.3,
      gamma: 0.2,
      backlight: { probability: 0.05 },
      defocus: { radius: 0.8, probability: 0.2 },
      motionBlur: { length: 2, probability: 0.1 },
      noise: { gain: 6, probability: 0.5 },
      camera: { probability: 0.3 },
      ...off("banding", "hand", "cap", "glare", "lowResolution", "patternNoise", "hotPixels"),
      ...off("crushedShadows", "clippedHighlights", "jpeg"),
    },
  },
};

/** Camera frames the bot is shown: drawn with another seed than the training pictures, so of other people. */
const FRAMES = { count: 48, seed: 20_001 };

export async function loopCommand(context: CommandContext): Promise<void> {
  const project = await loopProject(context);
  const { pictures, trained, quantized } = await obtainTrainedModel(project, context);
  const evaluated = await obtainEvaluation(project, pictures, trained, quantized, context);
  const model = await readModel(project.modelFile, "trained");
  const firmware = await obtainFirmware(project, model, "host", context);
  const frames = await obtainFrames(project, context);
  const images = join(frames.dir, "frames");
  const simulated = await obtainSimulation({
    project,
    firmware,
    model,
    images,
    imagesKey: frames.key,
    whole: false,
    labelNames: project.config.labels.length === 2 ? drawnLabels(project) : {},
    context,
  });
  const captures = await obtainCaptureParts(project, pictures, context);
  const locators = await obtainLocators(project, pictures, context);
  const parts = {
    pictures,
    trained,
    quantized,
    evaluated,
    model,
    firmware: [firmware],
    simulated,
    ...(captures && { captures }),
    ...(locators && { locators }),
  };
  const { file } = await obtainReport(project, parts, context);
  const { evaluation } = evaluated.meta;
  const [float, int8] = [evaluation.float!, evaluation.int8!].map(({ quality }) => testFigures(quality));
  const golden = simulated.meta.golden!;
  context.result({ project: project.dir, report: file, test: { float, int8 }, golden }, () =>
    [
      `test pictures   accuracy float ${percent(float.accuracy ?? Number.NaN)}, int8 ${percent(int8.accuracy ?? Number.NaN)}; recall at 70 % precision ${percent(int8.recallAt70 ?? Number.NaN)}`,
      `model           ${bytes(quantized.meta.modelBytes)}, arena ${bytes(firmware.emitted?.arenaBytes ?? 0)}`,
      `bot             ${describePresses(simulated, project.config.positive)}`,
      `exactness       ${thousands(golden.captures)} captures read back, ${thousands(golden.values)} values compared, ${golden.differences.length} differences`,
      `report          ${pathToFileURL(file).href}`,
    ].join("\n"),
  );
  if (golden.differences.length > 0) {
    throw new CheckFailedError("the firmware and the reference differ", {
      detail: golden.differences.slice(0, 40).join("\n"),
    });
  }
}

/** The figures without their intervals. */
function testFigures(quality: Quality): Record<keyof Quality, number | null> {
  return Object.fromEntries(QUALITY_KEYS.map((key) => [key, quality[key].value])) as Record<
    keyof Quality,
    number | null
  >;
}

/** The project here, or one of the loop's own. */
async function loopProject(context: CommandContext): Promise<Project> {
  if (await exists(join(context.project, CONFIG_FILE))) return openProject(context.project);
  const dir = join(context.project, LOOP_FOLDER);
  if (!(await exists(join(dir, CONFIG_FILE)))) await writeJson(join(dir, CONFIG_FILE), LOOP_CONFIG);
  return openProject(dir);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

function obtainFrames(project: Project, context: CommandContext): Promise<Artifact<unknown>> {
  return project.store.obtain({
    stage: "frames",
    revision: 1,
    options: FRAMES,
    inputs: [],
    produce: async (dir) => {
      context.reporter.stage("frames", `drawing what the camera sees, ${FRAMES.count} times`);
      await writeFrames({ ...FRAMES, dir: join(dir, "frames"), context });
      return {};
    },
  });
}

function describePresses({ meta }: Simulated, positive: string): string {
  const right = meta.presses.filter(({ label, smile }) => (label === positive) === smile).length;
  return `${meta.presses.length} presses, ${meta.presses.filter(({ smile }) => smile).length} green, ${right} right`;
}
