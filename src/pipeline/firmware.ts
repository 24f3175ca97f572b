/** Stage "firmware": the model's engine files, the rendered PlatformIO project, and its build. */
import { findBoard } from "../board/boards.js";
import { pinConflicts } from "../board/rules.js";
import type { Board } from "../board/types.js";
import { withPins } from "../board/wiring.js";
import { type BuildResult, buildFirmware } from "../build/build.js";
import { obtainFatFs } from "../build/fatfs.js";
import { refuseTooLarge } from "../build/memory-estimate.js";
import { BOARD_KERNELS, type KernelTarget } from "../emit/c/lower.js";
import { type EmittedC, emitC } from "../emit/c/model.js";
import { emitTflmEngine, firmwareArena } from "../emit/tflite/tflm-engine.js";
import { UserError } from "../errors.js";
import { toolVersion } from "../files/package-root.js";
import { type PressSettings, pressSettings } from "../inspect/press-to-light.js";
import { renderProject } from "../template/project.js";
import { type BoardCosts, boardCosts } from "./board-costs.js";
import { keepDeployed } from "./deployed.js";
import { type FaceDetector, obtainDetector } from "./detector.js";
import type { Model } from "./model.js";
import { buildDir, type Project } from "./project.js";
import type { StageContext } from "./reporter.js";

const DUAL_CORE: ReadonlySet<Board["chip"]> = new Set(["esp32", "esp32s3"]);

export interface Firmware {
  readonly target: string;
  readonly dir: string;
  readonly board: Board;
  readonly build: BuildResult;
  /** Absent for engine coin. */
  readonly emitted?: EmittedC;
  /** Absent with locator `center`. */
  readonly detector?: FaceDetector;
  /** Working memory of the engine that was built, bytes. */
  readonly arenaBytes: number;
  /** What the board will spend; absent for the host. */
  readonly costs?: BoardCosts;
}

export interface FirmwareOptions {
  /** A host program that also takes image files as cards (it needs FatFs, and is built in a folder of its own). */
  readonly cardImages?: boolean;
}

/** Renders and builds the firmware for `host` or the project's board. `model` is absent for engine coin only. */
export async function obtainFirmware(
  project: Project,
  model: Model | undefined,
  target: string,
  context: StageContext,
  { cardImages = false }: FirmwareOptions = {},
): Promise<Firmware> {
  const board = projectBoard(project, target);
  refusePinConflicts(board);
  const dir = buildDir(project, cardImages ? `${target}-image` : target);
  const kernels = target === "host" ? "portable" : BOARD_KERNELS;
  // The host runs everything on one core.
  const cores = target === "host" ? 1 : coresOf(project, board);
  const { emitted, detector, locating } = await emitFor(project, model, { target: kernels, cores });
  const costs = target === "host" ? undefined : boardCosts(project.config, board, cores, model, emitted, locating);
  if (costs !== undefined) refuseTooLarge(costs.memory, dir);
  await keepDeployed(project, board, model, detector);
  const rendered = await renderProject({
    dir,
    target,
    config: project.config,
    board,
    engineFiles: {
      ...engineFiles(project, model, emitted, target === "host" ? undefined : board),
      ...locating?.files,
    },
    ...(model === undefined ? {} : { model }),
    ...(detector === undefined ? {} : { detector }),
    ...(cardImages ? { fatFs: await obtainFatFs(context) } : {}),
  });
  for (const file of rendered.kept)
    context.reporter.warn(`${file} is no longer part of the firmware, but was changed by hand: kept`);
  const build = await buildFirmware({ projectDir: dir, target, board, context });
  const usesTflm = model !== undefined && target !== "host" && project.config.engine === "tflm";
  const arenaBytes = usesTflm ? firmwareArena(model.graph, board.chip).arenaBytes : (emitted?.arenaBytes ?? 0);
  return {
    target,
    dir,
    board,
    build,
    arenaBytes,
    ...(emitted === undefined ? {} : { emitted }),
    ...(detector === undefined ? {} : { detector }),
    ...(costs === undefined ? {} : { costs }),
  };
}

/** What the project's own board will spend, without building anything; `model` is absent for engine coin. */
export async function costsOnBoard(
  project: Project,
  model: Model | undefined,
): Promise<{ board: Board; costs: BoardCosts }> {
  const board = projectBoard(project, project.config.board);
  const cores = coresOf(project, board);
  const { emitted, locating } = await emitFor(project, model, { target: BOARD_KERNELS, cores });
  return { board, costs: boardCosts(project.config, board, cores, model, emitted, locating) };
}

/** What of the project the time from press to light depends on. */
export async function pressSettingsOfProject(project: Project): Promise<PressSettings> {
  const detector = await obtainDetector(project);
  const emitted = detector?.emit({ provenance: "an estimate", target: BOARD_KERNELS, cores: 1 });
  return pressSettings(project.config, emitted?.instructions);
}

/** Network and face detector as C for a machine. */
async function emitFor(
  project: Project,
  model: Model | undefined,
  machine: { readonly target: KernelTarget; readonly cores: 1 | 2 },
) {
  const detector = await obtainDetector(project);
  return {
    emitted: model && emitC(model.graph, { provenance: provenance(model), ...machine }),
    detector,
    locating: detector?.emit({ provenance: detectorProvenance(detector), ...machine }),
  };
}

/** The board of the target, wired as configured; `pins` are of the configured board and mean nothing for another one. */
function projectBoard({ config }: Project, target: string): Board {
  const id = target === "host" ? config.board : target;
  return id === config.board ? withPins(findBoard(id), config.pins) : findBoard(id);
}

/** As configured, where the chip has two. */
function coresOf({ config }: Project, { chip }: Board): 1 | 2 {
  return DUAL_CORE.has(chip) ? config.firmware.cores : 1;
}

function refusePinConflicts(board: Board): void {
  const conflicts = pinConflicts(board);
  if (conflicts.length === 0) return;
  throw new UserError("the board's pins are in each other's way", {
    where: board.id,
    detail: conflicts.map(({ message }) => message).join("\n"),
  });
}

/** What src/generated/ gets for the engine. Without a board, on the host, the generated C stands in for TFLite Micro: their results are equal. */
function engineFiles(
  project: Project,
  model: Model | undefined,
  emitted: EmittedC | undefined,
  board: Board | undefined,
): Record<string, string> {
  if (model === undefined || emitted === undefined) return {};
  if (project.config.engine !== "tflm" || board === undefined) return { ...emitted.files };
  return emitTflmEngine(model.graph, model.bytes, provenance(model), board.chip);
}

function detectorProvenance({ kind, hash }: FaceDetector): string {
  return `smilec ${toolVersion} from the ${kind} face detector ${hash}`;
}

function provenance(model: Model): string {
  return `smilec ${toolVersion} from model.tflite ${model.sha256.slice(0, 16)} (${model.graph.name})`;
}
