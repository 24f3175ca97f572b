/** What `smilec locate eval` measures: the locators there are, on scenes of the project's people, with the project's smile model. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { CONFIG_FILE } from "../config/load.js";
import type { Split } from "../data/types.js";
import { UserError } from "../errors.js";
import { describedModel, type Int8Model, readEvaluatedModel } from "../evaluate/model.js";
import { readClassicLocator, SHIPPED_CASCADE } from "../locate/classic/locate.js";
import { evaluateLocators, type LocatorEvaluationResult } from "../locate/evaluate/run.js";
import { DEFAULT_TEST_SCENES, TEST_SEED } from "../locate/evaluate/test-scenes.js";
import type { Contestant } from "../locate/evaluate/types.js";
import { type CenterLocator, locateCenter } from "../preprocess/locate.js";
import { isTrained, readModel, SHIPPED_MODEL } from "./model.js";
import { openProject, type Project } from "./project.js";
import type { StageContext } from "./reporter.js";
import { peopleOf, withPeople } from "./scenes.js";

export interface LocateEvalRequest {
  /** Folder of the project, or any: without a project people are drawn and the shipped model judges. */
  readonly project: string;
  /** Names of locators; none: all there are. */
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

/** The configuration's default square. */
const CENTER: CenterLocator = { kind: "center", x: 500, y: 500, size: 800 };
const CERTAIN = 1000;

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

/** Every locator by name; made only when it is asked for. */
const LOCATORS: Readonly<Record<string, (project: Project | undefined) => Promise<Contestant>>> = {
  center: async (project) =>
    centerContestant(project === undefined ? CENTER : { ...project.config.locator, kind: "center" }),
  classic: async () => classicContestant(),
};

async function chooseContestants(names: readonly string[], project: Project | undefined): Promise<Contestant[]> {
  const there = Object.keys(LOCATORS);
  const unknown = names.filter((name) => !there.includes(name));
  if (unknown.length > 0) {
    throw new UserError(`there is no locator ${unknown.join(", ")}`, {
      where: "--locator",
      remedy: `Choose from ${there.join(", ")}.`,
    });
  }
  return Promise.all((names.length === 0 ? there : names).map((name) => LOCATORS[name](project)));
}

/** The cascade that comes with smilec. */
async function classicContestant(): Promise<Contestant> {
  const locator = await readClassicLocator(SHIPPED_CASCADE);
  const { threshold } = locator;
  return { name: "classic", threshold, candidates: (frame) => locator.candidates(frame) };
}

/** A square that is always the same, and always sure. */
function centerContestant(locator: CenterLocator): Contestant {
  return {
    name: "center",
    threshold: CERTAIN,
    candidates: ({ width, height }) => [{ box: locateCenter(locator, width, height), confidence: CERTAIN }],
  };
}

async function smileModel(request: LocateEvalRequest, project: Project | undefined): Promise<Int8Model> {
  if (request.model !== undefined) {
    const model = await readEvaluatedModel(request.model, { pictureLabels: ["neutral", "smile"] });
    if (model.kind === "int8") return model;
    throw new UserError("this is a float model", { where: request.model, remedy: "Give an int8 .tflite file." });
  }
  const own = project !== undefined && (await isTrained(project));
  const model = own ? await readModel(project.modelFile, "trained") : await readModel(SHIPPED_MODEL, "shipped");
  return describedModel(model, own ? model.file : "the model that comes with smilec", model.sha256);
}
