/** What `smilec locate eval` measures: the locators there are, on scenes of the project's people, with the project's smile model. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { CONFIG_FILE } from "../config/load.js";
import { configSchema } from "../config/schema.js";
import type { Split } from "../data/types.js";
import { UserError } from "../errors.js";
import { describedModel, type Int8Model, readEvaluatedModel } from "../evaluate/model.js";
import { packageRoot } from "../files/package-root.js";
import { type CenterLocator, locateCenter } from "../locate/center.js";
import { evaluateLocators, type LocatorEvaluationResult } from "../locate/evaluate/run.js";
import { DEFAULT_TEST_SCENES, TEST_SEED } from "../locate/evaluate/test-scenes.js";
import type { Contestant } from "../locate/evaluate/types.js";
import { CERTAIN } from "../locate/locate.js";
import { LOCATOR_KINDS } from "../locate/types.js";
import { type DetectorKind, detectorFile, detectorPath, type FaceDetector, presentDetector } from "./detector.js";
import { isTrained, readModel, SHIPPED_MODEL } from "./model.js";
import { openProject, type Project } from "./project.js";
import type { StageContext } from "./reporter.js";
import { peopleOf, withPeople } from "./scenes.js";

export interface LocateEvalRequest {
  /** Folder of the project, or any: without a project people are drawn and the shipped model judges. */
  readonly project: string;
  /** `center`, `classic`, `neural`, or the last two with `=FILE`; none: all there are. */
  readonly locators: readonly string[];
  readonly model?: string;
  readonly scenes?: number;
  readonly seed?: number;
  readonly width: number;
  readonly height: number;
  readonly split: Split;
  readonly context: StageContext;
}

export interface LocateEvalResult extends LocatorEvaluationResult {
  /** Whose faces. */
  readonly people: string;
}

/** Throws UserError for unknown locators and for people or models that cannot be used. */
export async function obtainLocatorEvaluation(request: LocateEvalRequest): Promise<LocateEvalResult> {
  const { context, split, width, height, scenes: count = DEFAULT_TEST_SCENES, seed = TEST_SEED } = request;
  const isProject = (await stat(join(request.project, CONFIG_FILE)).catch(() => undefined)) !== undefined;
  const project = isProject ? await openProject(request.project) : undefined;
  const contestants = await chooseContestants(request.locators, project);
  const model = await smileModel(request, project);
  const from = await peopleOf(request.project, split);
  context.reporter.stage(
    "locate",
    `${contestants.map(({ name }) => name).join(", ")} on ${count} scenes; ${from.name}`,
  );
  return withPeople(from, async (people) => {
    const scenes = { people, count, seed, width, height };
    return { ...(await evaluateLocators({ scenes, contestants, model, context })), people: from.name };
  });
}

async function chooseContestants(wanted: readonly string[], project: Project | undefined): Promise<Contestant[]> {
  if (wanted.length > 0) return Promise.all(wanted.map((one) => contestant(one, project)));
  const there = await Promise.all(
    LOCATOR_KINDS.map(async (kind) => kind === "center" || (await presentDetector(project?.dir, kind)) !== undefined),
  );
  return Promise.all(LOCATOR_KINDS.filter((_, i) => there[i]).map((kind) => contestant(kind, project)));
}

/** `neural`, or `neural=FILE` for a detector of one's own. */
async function contestant(wanted: string, project: Project | undefined): Promise<Contestant> {
  const [name, ...rest] = wanted.split("=");
  const kind = LOCATOR_KINDS.find((one) => one === name);
  const file = rest.length === 0 ? undefined : rest.join("=");
  if (kind === undefined || (kind === "center" && file !== undefined) || file === "") {
    throw new UserError(`there is no locator ${wanted}`, {
      where: "--locator",
      remedy: `Choose from ${LOCATOR_KINDS.join(", ")}; classic=FILE and neural=FILE take a detector of your own.`,
    });
  }
  if (kind === "center") return centerContestant(centerOf(project ?? { config: configSchema.parse({}) }));
  const found = file === undefined ? await presentDetector(project?.dir, kind) : await detectorFile(kind, file);
  if (found === undefined) throw notThere(kind, file ?? detectorPath(packageRoot, kind));
  if (file !== undefined || project === undefined) return detectorContestant(wanted, found);
  return configuredContestant(wanted, found, project);
}

/** With the project's threshold, where it sets one for such detectors; else its own. */
export function configuredContestant(
  name: string,
  detector: FaceDetector,
  { config: { locator } }: Pick<Project, "config">,
): Contestant {
  const own = locator.kind === detector.kind ? locator.threshold : null;
  return { ...detectorContestant(name, detector), ...(own !== null && { threshold: own }) };
}

export function detectorContestant(name: string, detector: FaceDetector): Contestant {
  const opened = detector.open();
  const { spread } = opened;
  return { name, threshold: detector.threshold, spread, candidates: (frame) => opened.candidates(frame) };
}

function notThere(kind: DetectorKind, path: string): UserError {
  return new UserError(`the ${kind} detector is not there`, {
    where: path,
    remedy: `Train it (\`npm run models:train -- --only face-${kind}\`), or give one: \`--locator ${kind}=FILE\`.`,
  });
}

/** The configured square, as `center` would look at it. */
export function centerOf({ config: { locator } }: Pick<Project, "config">): CenterLocator {
  return { kind: "center", x: locator.x, y: locator.y, size: locator.size };
}

/** A square that is always the same, and always sure. */
export function centerContestant(locator: CenterLocator): Contestant {
  return {
    name: "center",
    threshold: CERTAIN,
    spread: 0,
    candidates: ({ width, height }) => [{ box: locateCenter(locator, width, height), confidence: CERTAIN }],
  };
}

export async function smileModel(
  request: Pick<LocateEvalRequest, "model">,
  project: Project | undefined,
): Promise<Int8Model> {
  if (request.model !== undefined) {
    const model = await readEvaluatedModel(request.model, { pictureLabels: ["neutral", "smile"] });
    if (model.kind === "int8") return model;
    throw new UserError("this is a float model", { where: request.model, remedy: "Give an int8 .tflite file." });
  }
  const own = project !== undefined && (await isTrained(project));
  const model = own ? await readModel(project.modelFile, "trained") : await readModel(SHIPPED_MODEL, "shipped");
  return describedModel(model, own ? model.file : "the model that comes with smilec", model.sha256);
}
