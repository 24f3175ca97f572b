/** Stage "train": packed pictures -> float model with its history. */

import { resolve } from "node:path";
import { findBoard } from "../board/boards.js";
import { UserError } from "../errors.js";
import { type ArchitectureName, architectureNames, buildNetwork } from "../train/architectures.js";
import type { EpochRecord } from "../train/checkpoint.js";
import { holdsFloatModel, loadFloatModel, parametersHash, saveFloatModel } from "../train/float-model.js";
import type { FloatModel, Network } from "../train/network.js";
import { resolveBackend } from "../train/select-backend.js";
import { checkTeacher } from "../train/teacher.js";
import { trainModel } from "../train/train.js";
import { describeCost, type NetworkCost, networkCost } from "./network-cost.js";
import type { Packings, PictureSet } from "./pictures.js";
import type { Project } from "./project.js";
import type { StageContext } from "./reporter.js";
import type { Artifact, StageRequest } from "./store.js";
import { warnAboutPictures } from "./training-data.js";
import { createBackend, type RunSetting, trainingOptions, withRunParts } from "./training-run.js";

export interface TrainedMeta {
  readonly architecture: string;
  readonly backend: string;
  readonly parameters: number;
  readonly macs: number;
  readonly cost: NetworkCost;
  readonly bestEpoch: number;
  readonly stoppedEarly: boolean;
  readonly history: readonly EpochRecord[];
}

export type Trained = Artifact<TrainedMeta> & { readonly cached: boolean };

/** A network that another learns from. */
export interface ObtainedTeacher {
  /** Identifies the model among what the student's training depends on. */
  readonly key: string;
  readonly model: FloatModel;
}

/** Where training starts when not at random weights. */
export interface TrainingStart {
  /** Identifies the weights among what training depends on. */
  readonly key: string;
  readonly parameters: Float32Array;
}

/** Trains the configured network, after its teacher where it has one; the store's folder holds the float model. */
export async function obtainTrained(
  project: Project,
  pictures: PictureSet,
  packings: Packings,
  context: StageContext,
  start?: TrainingStart,
): Promise<Trained> {
  const { config, store } = project;
  const { epochs, backend } = config.train;
  const network = configuredNetwork(project);
  const board = findBoard(config.board);
  const teacher = await obtainTeacher(project, pictures, packings, context);
  const resolved = await resolveBackend(backend);
  const setting: RunSetting = { project, pictures, packings, resolved, context };
  const request: StageRequest<TrainedMeta> = {
    stage: "train",
    revision: 2,
    options: trainingOptions(project, resolved),
    inputs: [
      packings.wide.key,
      packings.exact.key,
      ...(teacher === undefined ? [] : [teacher.key]),
      ...startKey(start),
    ],
    produce: async (dir) => {
      const cost = networkCost(network, config.input, board);
      const learning = teacher === undefined ? "" : `, learning from ${teacher.model.network.name}`;
      context.reporter.stage("train", `${network.name} network, ${epochs} epochs on ${resolved.name}${learning}`);
      context.reporter.info(describeCost(cost));
      warnAboutPictures(project, pictures, context);
      const workDir = store.workDir("train", store.key(request));
      const { model, bestEpoch, stoppedEarly, history } = await train(setting, network, {
        workDir,
        teacher: teacher?.model,
        initial: start?.parameters,
      });
      await saveFloatModel(model, dir);
      const { parameters, macs } = cost;
      const facts = { architecture: network.name, backend: resolved.name, parameters, macs, cost };
      return { ...facts, bestEpoch, stoppedEarly, history };
    },
  };
  const trained = await store.obtain(request);
  if (trained.meta.cost.board === board.id) return trained;
  // It was trained when another board was configured: training does not depend on it, the cost does.
  return { ...trained, meta: { ...trained.meta, cost: networkCost(network, config.input, board) } };
}

/** No key without a start, so that results of earlier versions are still found. */
function startKey(start: TrainingStart | undefined): string[] {
  return start === undefined ? [] : [`start ${start.key}`];
}

interface RunOptions {
  readonly workDir: string;
  readonly teacher: FloatModel | undefined;
  readonly initial: Float32Array | undefined;
}

async function train(setting: RunSetting, network: Network, { workDir, teacher, initial }: RunOptions) {
  const backend = await createBackend(setting.project, setting.resolved, network);
  const start = initial === undefined ? {} : { initial };
  try {
    return await withRunParts(setting, workDir, teacher, (parts) =>
      trainModel({ ...parts, ...start, network, backend }),
    );
  } finally {
    await backend.dispose();
  }
}

/** The network that the configuration asks for. */
export function configuredNetwork({ config }: Project): Network {
  const { architecture, dropout } = config.train;
  return buildNetwork(architecture, config.input.size, config.labels.length, dropout);
}

/**
 * The network to learn from: trained first with the same options, or given as a folder; undefined when the configuration names none. Throws
 * UserError for a folder without a fitting model.
 */
export async function obtainTeacher(
  project: Project,
  pictures: PictureSet,
  packings: Packings,
  context: StageContext,
): Promise<ObtainedTeacher | undefined> {
  const { teacher } = project.config.train.distillation;
  if (teacher === "none") return undefined;
  if (isArchitecture(teacher)) {
    const trained = await obtainTrained(withArchitecture(project, teacher), pictures, packings, context);
    return { key: trained.key, model: await loadFloatModel(trained.dir) };
  }
  const dir = resolve(project.dir, teacher);
  if (!(await holdsFloatModel(dir))) {
    throw new UserError(`there is no float model in ${dir}`, {
      where: "train.distillation.teacher",
      remedy: `Name an architecture (${architectureNames.join(", ")}) or a folder with a float model, as .smilec/train holds them.`,
    });
  }
  const model = await loadFloatModel(dir);
  checkTeacher(model.network, configuredNetwork(project), "train.distillation.teacher");
  return { key: parametersHash(model.parameters), model };
}

function isArchitecture(name: string): name is ArchitectureName {
  return (architectureNames as readonly string[]).includes(name);
}

/** The project as if it trained the teacher for its own sake. */
function withArchitecture(project: Project, architecture: ArchitectureName): Project {
  const { train } = project.config;
  const distillation = { ...train.distillation, teacher: "none" };
  return { ...project, config: { ...project.config, train: { ...train, architecture, distillation } } };
}
