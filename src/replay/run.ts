/** `smilec replay`: every kept capture through what it ran with, compared with what the bot logged. */
import type { Catalogue } from "../captures/catalogue/catalogue.js";
import type { CaptureKey, CatalogueCapture } from "../captures/catalogue/types.js";
import type { ReplayStage } from "../captures/replay.js";
import type { Project } from "../pipeline/project.js";
import type { StageContext } from "../pipeline/reporter.js";
import { likelyCause } from "./causes.js";
import { replayPresses } from "./pool.js";
import { byPress } from "./presses.js";
import type { CaptureDifference, ReplaySetup } from "./replay-press.js";

/** Of each list so many are kept; all are counted. */
const LISTED = 1000;

export interface ListedDifference {
  readonly key: CaptureKey;
  /** Below the captures' folder. */
  readonly path: string;
  readonly stage: ReplayStage;
  readonly what: string;
  readonly recorded: string;
  readonly replayed: string;
  readonly cause: string;
}

export interface DamagedPicture {
  readonly key: CaptureKey;
  readonly path: string;
  readonly reason: string;
}

export interface ReplayResult {
  /** Kept captures of the catalogue, and their presses. */
  readonly captures: number;
  readonly presses: number;
  /** Replayed captures, and those of them that are equal in everything. */
  readonly compared: number;
  readonly equal: number;
  /** Captures that differ, by the stage of their first difference. */
  readonly byStage: Readonly<Partial<Record<ReplayStage, number>>>;
  /** At most 1000, in the catalogue's order. */
  readonly differences: readonly ListedDifference[];
  readonly damagedCount: number;
  /** At most 1000. */
  readonly damaged: readonly DamagedPicture[];
  /** Captures per hash of a model that is kept nowhere: these were compared up to the network's input. */
  readonly missingModels: Readonly<Record<string, number>>;
  /** Captures whose threshold was set on the bot. */
  readonly thresholds: number;
}

/** What threads need to know of a project. */
export function replaySetup(
  { dir, modelFile, capturesDir }: Pick<Project, "dir" | "modelFile" | "capturesDir">,
  more: Partial<Pick<ReplaySetup, "compare" | "models">> = {},
): ReplaySetup {
  return { dir, modelFile, captures: capturesDir, compare: false, models: [], ...more };
}

/** Replays all kept captures of a catalogue. */
export async function replayCatalogue(
  project: Pick<Project, "dir" | "modelFile" | "capturesDir">,
  catalogue: Catalogue,
  context: StageContext,
): Promise<ReplayResult> {
  const count = catalogue.count({ state: "kept" });
  const presses = byPress(catalogue.captures({ state: "kept" }));
  const tally = new Tally();
  for await (const { press, replay } of replayPresses(
    presses,
    count,
    replaySetup(project, { compare: true }),
    context,
  )) {
    const rows = new Map(press.map((row) => [row.id, row]));
    tally.presses++;
    tally.captures += press.length;
    tally.compared += replay.compared;
    tally.thresholds += replay.thresholds;
    for (const { capture, reason } of replay.damaged) tally.damage(rows.get(capture)!, reason);
    for (const { model } of replay.unknown) tally.missing.set(model, (tally.missing.get(model) ?? 0) + 1);
    tally.differ(replay.differences, rows);
  }
  return tally.result();
}

class Tally {
  captures = 0;
  presses = 0;
  compared = 0;
  thresholds = 0;
  readonly missing = new Map<string, number>();
  private damagedCount = 0;
  private differing = 0;
  private readonly damaged: DamagedPicture[] = [];
  private readonly differences: ListedDifference[] = [];
  private readonly byStage = new Map<ReplayStage, number>();

  damage({ key, path }: CatalogueCapture, reason: string): void {
    this.damagedCount++;
    if (this.damaged.length < LISTED) this.damaged.push({ key, path, reason });
  }

  differ(differences: readonly CaptureDifference[], rows: ReadonlyMap<number, CatalogueCapture>): void {
    const seen = new Set<number>();
    for (const { capture, stage, what, recorded, replayed } of differences) {
      const { key, path } = rows.get(capture)!;
      if (!seen.has(capture)) this.byStage.set(stage, (this.byStage.get(stage) ?? 0) + 1);
      seen.add(capture);
      if (this.differences.length >= LISTED) continue;
      this.differences.push({ key, path, stage, what, recorded, replayed, cause: likelyCause(stage, what) });
    }
    this.differing += seen.size;
  }

  result(): ReplayResult {
    const { captures, presses, compared, differences, damagedCount, damaged, thresholds } = this;
    return {
      captures,
      presses,
      compared,
      equal: compared - this.differing,
      byStage: Object.fromEntries(this.byStage),
      differences,
      damagedCount,
      damaged,
      missingModels: Object.fromEntries([...this.missing].sort()),
      thresholds,
    };
  }
}
