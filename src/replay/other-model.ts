/** What another model would have decided on the same presses, beside what was decided. */
import type { Catalogue } from "../captures/catalogue/catalogue.js";
import { pressKey } from "../captures/catalogue/press-key.js";
import type { CatalogueCapture } from "../captures/catalogue/types.js";
import type { Model } from "../pipeline/model.js";
import type { Project } from "../pipeline/project.js";
import type { StageContext } from "../pipeline/reporter.js";
import { mcnemarExact } from "./mcnemar.js";
import { replayPresses } from "./pool.js";
import { byPress, pressLabel } from "./presses.js";
import { replaySetup } from "./run.js";

/** Of changed decisions so many are kept; all are counted. */
const LISTED = 1000;

export interface ChangedPress {
  /** Bot, card's epoch, start and press. */
  readonly press: string;
  /** Picture of its first capture, below the captures' folder. */
  readonly path: string;
  /** What people say it shows, where they agree. */
  readonly label: string | undefined;
  /** Green lights then, and by the other model. */
  readonly before: boolean;
  readonly after: boolean;
  /** Mean margin over the press by the other model, and what it has to reach. */
  readonly margin: number;
  readonly threshold: number;
}

export interface OtherModelResult {
  readonly model: string;
  readonly presses: number;
  readonly changedCount: number;
  readonly toGreen: number;
  readonly toDark: number;
  /** Presses that people agree on. */
  readonly judged: number;
  readonly rightBefore: number;
  readonly rightAfter: number;
  /** Judged presses that were decided wrongly and now rightly, and the other way round. */
  readonly better: number;
  readonly worse: number;
  /** Two-sided, exact. */
  readonly mcnemar: number;
  /** At most 1000, in the catalogue's order. */
  readonly changed: readonly ChangedPress[];
}

/** Only judged captures are looked at with `judgedOnly`: enough for whether it is worse. */
export async function compareOtherModel(
  project: Pick<Project, "dir" | "modelFile" | "capturesDir" | "config">,
  catalogue: Catalogue,
  model: Model,
  judgedOnly: boolean,
  context: StageContext,
): Promise<OtherModelResult> {
  const { labels, positive } = project.config;
  const every = byPress(catalogue.captures({ state: "kept" }));
  const presses = judgedOnly ? judgedPresses(every, labels) : every;
  const count = catalogue.count(judgedOnly ? { state: "kept", judged: true } : { state: "kept" });
  const tally = new DecisionTally(model, positive);
  const setup = replaySetup(project, { models: [model.file] });
  for await (const { press, replay } of replayPresses(presses, count, setup, context)) {
    const [margins] = replay.margins;
    if (margins.length > 0) tally.add(press, margins, pressLabel(press, labels));
  }
  return tally.result();
}

function* judgedPresses(presses: Iterable<CatalogueCapture[]>, labels: readonly string[]) {
  for (const press of presses) if (pressLabel(press, labels) !== undefined) yield press;
}

class DecisionTally {
  private presses = 0;
  private toGreen = 0;
  private toDark = 0;
  private judged = 0;
  private rightBefore = 0;
  private better = 0;
  private worse = 0;
  private readonly changed: ChangedPress[] = [];

  constructor(
    private readonly model: Model,
    private readonly positive: string,
  ) {}

  add(press: readonly CatalogueCapture[], margins: readonly number[], label: string | undefined): void {
    const { thresholdMargin } = this.model.description;
    const before = press[0].metadata.smile;
    const sum = margins.reduce((total, margin) => total + margin, 0);
    const after = sum >= thresholdMargin * margins.length;
    this.presses++;
    if (label !== undefined) this.judge(label === this.positive, before, after);
    if (before === after) return;
    if (after) this.toGreen++;
    else this.toDark++;
    if (this.changed.length >= LISTED) return;
    const margin = sum / margins.length;
    const { path } = press[0];
    this.changed.push({ press: pressKey(press[0]), path, label, before, after, margin, threshold: thresholdMargin });
  }

  private judge(truth: boolean, before: boolean, after: boolean): void {
    this.judged++;
    if (before === truth) this.rightBefore++;
    if (before !== truth && after === truth) this.better++;
    if (before === truth && after !== truth) this.worse++;
  }

  result(): OtherModelResult {
    const { presses, toGreen, toDark, judged, rightBefore, better, worse, changed } = this;
    return {
      model: this.model.sha256.slice(0, 16),
      presses,
      changedCount: toGreen + toDark,
      toGreen,
      toDark,
      judged,
      rightBefore,
      rightAfter: rightBefore + better - worse,
      better,
      worse,
      mcnemar: mcnemarExact(worse, better),
      changed,
    };
  }
}
