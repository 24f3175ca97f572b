/** `smilec train --search`: trials of successive halving as artifacts in the store, so that a search can be stopped and continued. */
import { findBoard } from "../board/boards.js";
import { openPacked } from "../data/packed.js";
import { InterruptedError, UserError } from "../errors.js";
import { averagePrecision, binaryLabels, recallAtPrecision } from "../evaluate/metrics.js";
import { front, type Judged } from "../search/front.js";
import { successiveHalving } from "../search/halving.js";
import { type Candidate, candidate, withCandidate } from "../search/space.js";
import { architectureName } from "../train/architectures.js";
import { classCount, floatLogits, logitQuality, positiveScores } from "../train/evaluate.js";
import { loadFloatModel } from "../train/float-model.js";
import { type Network, parameterLayout } from "../train/network.js";
import { type NetworkCost, networkCost } from "./network-cost.js";
import { obtainPackings, obtainPictures, type PictureSet } from "./pictures.js";
import type { Project } from "./project.js";
import type { Reporter, StageContext } from "./reporter.js";
import { configuredNetwork, obtainTrained } from "./train.js";

/** Where a search ends: after this many trials, or when no time is left to start another. */
export type SearchBudget = { readonly trials: number } | { readonly minutes: number };

export interface TrialQuality {
  readonly accuracy: number;
  readonly averagePrecision: number;
  readonly recallAt70: number;
}

/** A candidate, trained for some epochs. Quality is the average precision on the validation split, cost the estimated time on the board. */
export interface Trial extends Judged, TrialQuality {
  readonly index: number;
  readonly name: string;
  readonly candidate: Candidate;
  readonly epochs: number;
  readonly network: NetworkCost;
}

export interface SearchResult {
  /** In the order they were run. */
  readonly trials: readonly Trial[];
  /** Of the longest trainings, by falling quality. */
  readonly front: readonly Trial[];
  /** The part of the configuration to adopt: of the front's best. */
  readonly adopt: object;
}

/** Candidates that are drawn in vain before the limits are called too narrow. */
const MOST_REFUSED = 500;

export async function searchNetworks(
  project: Project,
  budget: SearchBudget,
  context: StageContext,
): Promise<SearchResult> {
  const pictures = await obtainPictures(project, context);
  const search = new Search(project, pictures, budget, context);
  const trials = await successiveHalving<Trial>({
    epochs: project.config.train.epochs,
    trial: (index, epochs) => search.trial(index, epochs),
    next: (count) => search.next(count),
  });
  if (trials.length === 0)
    throw new UserError("the budget ended before the first trial", { where: "--budget", remedy: "Give more time." });
  const longest = trials.reduce((most, { epochs }) => Math.max(most, epochs), 0);
  const best = front(trials.filter(({ epochs }) => epochs === longest));
  return { trials, front: best, adopt: search.adoption(best[0].candidate) };
}

class Search {
  private nextIndex = 0;
  private count = 0;
  private readonly started = performance.now();
  private readonly quiet: StageContext;
  private readonly costs = new Map<number, NetworkCost>();

  constructor(
    private readonly project: Project,
    private readonly pictures: PictureSet,
    private readonly budget: SearchBudget,
    private readonly context: StageContext,
  ) {
    this.quiet = { ...context, reporter: trialReporter(context.reporter) };
  }

  /** The next candidates within the limits. Throws UserError when there seem to be none. */
  next(count: number): number[] {
    const chosen: number[] = [];
    for (let refused = 0; chosen.length < count; this.nextIndex++) {
      if (this.fits(this.nextIndex)) chosen.push(this.nextIndex);
      else if (++refused > MOST_REFUSED) throw this.nothingFits();
    }
    return chosen;
  }

  async trial(index: number, epochs: number): Promise<Trial | undefined> {
    if (this.context.signal.aborted) throw new InterruptedError();
    if (this.isOver()) return undefined;
    this.count++;
    const project = this.projectOf(index, epochs);
    const quality = await this.obtainTrial(project);
    const chosen = candidate(this.project.config, index);
    const network = this.costOf(index);
    const trial: Trial = {
      index,
      name: candidateName(chosen),
      candidate: chosen,
      epochs,
      network,
      ...quality,
      quality: quality.averagePrecision,
      cost: network.deviceMs,
    };
    this.report(trial);
    return trial;
  }

  adoption(chosen: Candidate): object {
    const { input, train } = withCandidate(this.project.config, chosen);
    const { architecture, augment } = train;
    return {
      input: { size: input.size },
      train: { architecture, ...(chosen.augmentation === 1 ? {} : { augment }) },
    };
  }

  private isOver(): boolean {
    if ("trials" in this.budget) return this.count >= this.budget.trials;
    return performance.now() - this.started >= this.budget.minutes * 60_000;
  }

  /** The project with the candidate's choices, trained for `epochs`. */
  private projectOf(index: number, epochs: number): Project {
    const config = withCandidate(this.project.config, candidate(this.project.config, index));
    // A full training is the one that `smilec train` does with these choices.
    if (epochs === config.train.epochs) return { ...this.project, config };
    const warmupEpochs = Math.min(config.train.warmupEpochs, epochs / 4);
    return { ...this.project, config: { ...config, train: { ...config.train, epochs, warmupEpochs } } };
  }

  private async obtainTrial(project: Project): Promise<TrialQuality> {
    const { input, labels, positive } = project.config;
    const packings = await obtainPackings(project, this.pictures, this.quiet);
    const trained = await obtainTrained(project, this.pictures, packings, this.quiet);
    const trial = await project.store.obtain<TrialQuality>({
      stage: "trial",
      revision: 1,
      options: { positive },
      inputs: [trained.key, packings.exact.key],
      produce: async () => {
        const val = openPacked(packings.exact.dir, "val");
        try {
          const model = await loadFloatModel(trained.dir);
          const logits = await floatLogits({ model, source: val, preprocess: input, signal: this.context.signal });
          const index = labels.indexOf(positive);
          const truth = binaryLabels(val.labels, index);
          const scores = positiveScores(logits, classCount(model.network), index);
          return {
            accuracy: logitQuality(logits, val.labels).accuracy,
            averagePrecision: averagePrecision(scores, truth),
            recallAt70: recallAtPrecision(scores, truth, 0.7),
          };
        } finally {
          val.close();
        }
      },
    });
    return trial.meta;
  }

  private costOf(index: number): NetworkCost {
    const known = this.costs.get(index);
    if (known !== undefined) return known;
    const project = this.projectOf(index, 1);
    const cost = networkCost(configuredNetwork(project), project.config.input, findBoard(project.config.board));
    this.costs.set(index, cost);
    return cost;
  }

  private fits(index: number): boolean {
    const { modelBytes, arenaBytes, deviceMs } = this.project.config.search;
    // Every weight is a byte: what is too large already need not be compiled.
    if (index > 0 && weightCount(configuredNetwork(this.projectOf(index, 1))) > modelBytes) return false;
    const cost = this.costOf(index);
    const fits = cost.modelBytes <= modelBytes && cost.arenaBytes <= arenaBytes && cost.deviceMs <= deviceMs;
    if (!fits && index === 0) this.context.reporter.info("the configured network is beyond the limits: left out");
    return fits;
  }

  private nothingFits(): UserError {
    const { modelBytes, arenaBytes, deviceMs } = this.project.config.search;
    return new UserError(
      `none of ${MOST_REFUSED} networks fits into ${modelBytes} bytes of model, ${arenaBytes} bytes of arena and ${deviceMs} ms`,
      { where: "search", remedy: "Raise search.modelBytes, search.arenaBytes or search.deviceMs." },
    );
  }

  private report({ name, epochs, averagePrecision: quality, cost }: Trial): void {
    this.context.reporter.stage(
      `trial ${this.count}`,
      `${name}, ${epochs} epochs: average precision ${(100 * quality).toFixed(2)} %, about ${cost.toFixed(0)} ms`,
    );
  }
}

function weightCount(network: Network): number {
  return parameterLayout(network).reduce((sum, { decay, size }) => sum + (decay ? size : 0), 0);
}

function candidateName({ inputSize, architecture, augmentation }: Candidate): string {
  const strength = augmentation === 1 ? "" : `, augmentation x${augmentation}`;
  return `${architectureName(architecture)} at ${inputSize}${strength}`;
}

/** Shows a trial's progress, and each warning once. */
function trialReporter(reporter: Reporter): Reporter {
  const warned = new Set<string>();
  const warn = (line: string) => {
    if (!warned.has(line)) reporter.warn(line);
    warned.add(line);
  };
  return { stage: () => undefined, info: () => undefined, warn, progress: (...args) => reporter.progress(...args) };
}
