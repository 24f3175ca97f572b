/** What `smilec eval` evaluates: pictures and model, the project's own where none are given. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { CONFIG_FILE } from "../config/load.js";
import type { LabelMap } from "../data/labels.js";
import type { LayoutName } from "../data/layout.js";
import type { Split } from "../data/types.js";
import { CONDITIONS } from "../evaluate/conditions.js";
import type { Level } from "../evaluate/degrade/levels.js";
import type { InputRange } from "../evaluate/input.js";
import {
  describedModel,
  type EvaluatedModel,
  floatTwin,
  type ModelHints,
  readEvaluatedModel,
} from "../evaluate/model.js";
import { catalogueSet, folderSet, type LabelledSet } from "../evaluate/pictures.js";
import { type EvaluationResult, runEvaluation } from "../evaluate/run.js";
import { type Models, mainModel } from "../evaluate/score.js";
import type { View } from "../evaluate/views.js";
import { loadFloatModel } from "../train/float-model.js";
import { checkLabels, isTrained, readModel, SHIPPED_MODEL } from "./model.js";
import { obtainPictures } from "./pictures.js";
import { openProject, type Project } from "./project.js";
import type { StageContext } from "./reporter.js";
import { obtainTrainedModel } from "./trained-model.js";

export interface EvalRequest {
  /** Folder of the project; needed only where pictures are the project's. */
  readonly project: string;
  readonly data?: string;
  readonly model?: string;
  /** Default: test of the project's pictures, everything of others. */
  readonly split?: Split;
  readonly layout?: LayoutName;
  readonly labelMap?: LabelMap;
  readonly prior?: number;
  readonly threshold?: number;
  readonly conditions: boolean;
  readonly levels: readonly Level[];
  /** Captures per press, in the levels. */
  readonly captures: number;
  readonly labels?: readonly string[];
  readonly positive?: string;
  readonly range?: InputRange;
  readonly context: StageContext;
}

/** Throws UserError for pictures, models or options that do not fit together. */
export async function obtainEvaluationOf(request: EvalRequest): Promise<EvaluationResult> {
  const { context, prior, threshold } = request;
  const isProject = (await stat(join(request.project, CONFIG_FILE)).catch(() => undefined)) !== undefined;
  const project = isProject || request.data === undefined ? await openProject(request.project) : undefined;
  const set = await picturesOf(request, project);
  const models = await modelsOf(request, project, set);
  const main = mainModel(models);
  for (const text of main.assumptions) context.reporter.warn(`assumed: ${text}`);
  context.reporter.stage("evaluate", `${main.name} on ${set.count} pictures of ${set.name}`);
  return runEvaluation({
    models,
    set,
    views: viewsOf(request),
    notes: splitNote(request, main),
    context,
    ...(prior === undefined ? {} : { prior }),
    ...(threshold === undefined ? {} : { threshold }),
  });
}

/** Figures on pictures that had a part in making the model flatter it. */
function splitNote({ split, threshold }: EvalRequest, model: EvaluatedModel): string[] {
  if (split === "train") return ["If the model was trained on these training pictures, these figures say little."];
  if (split !== "val" || threshold !== undefined || model.threshold === undefined) return [];
  return ["If the model's threshold was chosen on these validation pictures, the figures at it are a little too good."];
}

async function picturesOf(request: EvalRequest, project: Project | undefined): Promise<LabelledSet> {
  const { data, split, layout, labelMap } = request;
  if (data !== undefined) {
    return folderSet({ from: data, ...(split && { split }), ...(layout && { layout }), ...(labelMap && { labelMap }) });
  }
  const { catalogue } = await obtainPictures(project!, request.context);
  return catalogueSet(catalogue, split ?? "test", project!.config.labels);
}

async function modelsOf(request: EvalRequest, project: Project | undefined, set: LabelledSet): Promise<Models> {
  if (request.model !== undefined) {
    const model = await readEvaluatedModel(request.model, hintsOf(request, project, set));
    return model.kind === "int8" ? { int8: model } : { float: model };
  }
  if (project === undefined || !(await isTrained(project))) {
    const shipped = await readModel(SHIPPED_MODEL, "shipped");
    if (project !== undefined) checkLabels(project, shipped);
    return { int8: describedModel(shipped, "the model that comes with smilec", shipped.sha256) };
  }
  const { trained } = await obtainTrainedModel(project, request.context);
  const own = await readModel(project.modelFile, "trained");
  const int8 = describedModel(own, own.file, own.sha256);
  return { int8, float: floatTwin(await loadFloatModel(trained.dir), int8) };
}

function hintsOf(request: EvalRequest, project: Project | undefined, set: LabelledSet): ModelHints {
  const { labels, positive, range } = request;
  const own = project && {
    labels: project.config.labels,
    positive: project.config.positive,
    preprocess: project.config.input,
  };
  return {
    pictureLabels: Object.keys(set.labels).sort(),
    ...(labels && { labels }),
    ...(positive === undefined ? {} : { positive }),
    ...(range && { range }),
    ...(own && { project: own }),
  };
}

function viewsOf({ conditions, levels, captures }: EvalRequest): View[] {
  return [
    ...(conditions ? CONDITIONS.map((condition): View => ({ kind: "condition", condition })) : []),
    ...levels.map((level): View => ({ kind: "level", level, captures })),
  ];
}
