/** Measures locators on the test scenes, one frame at a time. */
import type { Box, GrayImage } from "../../data/types.js";
import { UserError } from "../../errors.js";
import { defaultResampling, type Resampling } from "../../evaluate/bootstrap.js";
import { networkInput } from "../../evaluate/input.js";
import type { Int8Model } from "../../evaluate/model.js";
import { pressScore } from "../../evaluate/readout.js";
import { ReferenceInterpreter } from "../../graph/interpreter.js";
import type { StageContext } from "../../pipeline/reporter.js";
import { CERTAIN } from "../locate.js";
import { figuresOf } from "./figures.js";
import { type Judged, judge } from "./judge.js";
import { type TestScene, type TestSceneRequest, testScenes } from "./test-scenes.js";
import { ALL_COUNT, certainly, truthOf } from "./truth.js";
import type { Answer, Contestant, Failure, FailureKind, LocatorFigures, Look, Truth } from "./types.js";

export interface LocatorEvaluationRequest {
  readonly scenes: TestSceneRequest;
  readonly contestants: readonly Contestant[];
  /** Judges the chosen boxes. */
  readonly model: Int8Model;
  readonly resampling?: Resampling;
  readonly context: StageContext;
}

export interface LocatorEvaluation {
  readonly formatVersion: 1;
  readonly scenes: {
    readonly count: number;
    readonly seed: number;
    readonly width: number;
    readonly height: number;
    readonly faces: number;
    readonly fixture: number;
    readonly empty: number;
    /** Scenes whose chosen face smiles, of those that have one. */
    readonly smiling: number;
    readonly chosen: number;
  };
  readonly model: { readonly name: string; readonly sha256: string; readonly positive: string };
  /** In the order given; `perfect` last. */
  readonly locators: readonly LocatorFigures[];
}

export interface LocatorEvaluationResult {
  readonly evaluation: LocatorEvaluation;
  /** By locator, first failures of each kind. */
  readonly failures: readonly { readonly name: string; readonly failures: readonly Failure[] }[];
  readonly looks: readonly Look[];
}

/** A box that is right by definition: every face that can be seen. */
export const PERFECT = "perfect boxes";
/** Pictures kept for the page: first failures of each kind, and scenes in which all locators are shown. */
const FAILURES = 8;
const LOOKS = 24;

/** Throws UserError for scenes that are too few, and InterruptedError. */
export async function evaluateLocators(request: LocatorEvaluationRequest): Promise<LocatorEvaluationResult> {
  const { scenes, contestants, context, resampling = defaultResampling } = request;
  checkCount(scenes.count);
  const truths: Truth[] = [];
  const rows = [...contestants.map(({ name }) => name), PERFECT].map((name) => new Row(name));
  const looks: Look[] = [];
  const eye = new SmileEye(request.model);
  for await (const scene of testScenes(scenes, "locate", context)) {
    truths.push(truthOf(scene, eye.positive));
    const judged = contestants.map((one) => judge(scene, one.candidates(scene.frame), one));
    judged.push(judge(scene, certainly(scene.faces), ALL_COUNT));
    for (const [i, one] of judged.entries()) rows[i].add(scene, one, eye);
    if (scene.set === "office" && looks.length < LOOKS) looks.push(lookAt(scene, judged.slice(0, -1)));
  }
  const perfect = rows[rows.length - 1].answers;
  const settings = [...contestants, { name: PERFECT, threshold: CERTAIN }];
  const locators = rows.map(({ answers }, i) => figuresOf(settings[i], truths, answers, perfect, resampling));
  const failures = rows.slice(0, -1).map(({ name, failures: kept }) => ({ name, failures: kept }));
  return { evaluation: { formatVersion: 1, ...summary(request, truths), locators }, failures, looks };
}

/** One of each kind. */
export const LEAST_SCENES = 4;

function checkCount(count: number): void {
  if (count >= LEAST_SCENES) return;
  throw new UserError(`${count} scenes are too few: one of each kind takes ${LEAST_SCENES}`, {
    remedy: "Give a larger number, like `--scenes 2000`.",
  });
}

function summary({ scenes, model }: LocatorEvaluationRequest, truths: readonly Truth[]) {
  const { count, seed, width, height } = scenes;
  const inSet = (set: Truth["set"]) => truths.filter((truth) => truth.set === set).length;
  const { labels, positive } = model.readout;
  return {
    scenes: {
      count,
      seed,
      width,
      height,
      faces: truths.reduce((sum, { sides }) => sum + sides.length, 0),
      fixture: inSet("fixture"),
      empty: inSet("empty"),
      smiling: truths.filter(({ smiles }) => smiles === true).length,
      chosen: truths.filter(({ smiles }) => smiles !== undefined).length,
    },
    model: { name: model.name, sha256: model.sha256, positive: labels[positive] },
  };
}

function lookAt({ index, frame, faces }: TestScene, judged: readonly Judged[]): Look {
  return { index, frame, faces: faces.map(({ box }) => box), chosen: judged.map(({ chosen }) => chosen) };
}

/** What the smile network makes of a box, exactly as the firmware computes it. */
class SmileEye {
  readonly positive: string;
  private readonly interpreter: ReferenceInterpreter;
  /** Locators often choose the same box of a frame. */
  private lastFrame: GrayImage | undefined;
  private readonly known = new Map<string, number>();

  constructor(private readonly model: Int8Model) {
    this.interpreter = new ReferenceInterpreter(model.graph);
    this.positive = model.readout.labels[model.readout.positive];
  }

  look(frame: GrayImage, box: Box): number {
    if (frame !== this.lastFrame) this.known.clear();
    this.lastFrame = frame;
    const key = `${box.x} ${box.y} ${box.width}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const { values } = networkInput(frame, box, this.model.input);
    const [output] = this.interpreter.runAnyType([values]);
    const score = pressScore([output as Int8Array], this.model.readout);
    this.known.set(key, score);
    return score;
  }
}

/** One locator's answers, and the first pictures of each way it fails. */
class Row {
  readonly answers: Answer[] = [];
  readonly failures: Failure[] = [];

  constructor(readonly name: string) {}

  add(scene: TestScene, { found, errors, aim, chosen, fixture }: Judged, eye: SmileEye): void {
    const smile = chosen === undefined ? undefined : eye.look(scene.frame, chosen.box);
    this.answers.push({ found, errors, aim, smile });
    const kind = failureOf(scene, aim);
    if (kind === undefined || this.failures.filter((failure) => failure.kind === kind).length >= FAILURES) return;
    const { index, frame, faces, fixtures } = scene;
    this.failures.push({ kind, index, frame, faces, fixtures, chosen, on: fixture?.kind });
  }
}

function failureOf({ faces, doubtful }: TestScene, aim: Judged["aim"]): FailureKind | undefined {
  if (faces.length === 0) return doubtful.length === 0 && aim !== "nobody" ? "false face" : undefined;
  return aim === "face" ? undefined : aim === "nobody" ? "missed" : aim;
}
