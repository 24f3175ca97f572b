/** Learning rate and momentum over a run. */
import type { Config } from "../config/schema.js";

/** Momentum of Adam's first moment where the schedule leaves it alone. */
const MOMENTUM = 0.9;

/** Smith 2018 ("A disciplined approach to neural network hyper-parameters"); figures of fast.ai and PyTorch's OneCycleLR. */
const ONE_CYCLE = { rise: 0.3, startDivisor: 25, endDivisor: 250_000, highMomentum: 0.95, lowMomentum: 0.85 };

export interface Schedule {
  readonly kind: Config["train"]["schedule"];
  readonly peak: number;
  /** Of the cosine schedule. */
  readonly warmupSteps: number;
  readonly totalSteps: number;
}

export interface ScheduledStep {
  readonly learningRate: number;
  /** Part of the first moment that is kept, 0 to < 1. */
  readonly momentum: number;
}

/** `step` counts from 0. */
export function scheduleAt(schedule: Schedule, step: number): ScheduledStep {
  if (schedule.kind === "one-cycle") return oneCycleAt(schedule, step);
  return { learningRate: cosineAt(schedule, step), momentum: MOMENTUM };
}

/** Linear warm-up to the peak, then half a cosine to 0 at the end. */
function cosineAt({ peak, warmupSteps, totalSteps }: Schedule, step: number): number {
  if (step < warmupSteps) return (peak * (step + 1)) / (warmupSteps + 1);
  return between(peak, 0, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
}

/** Up to the peak by half a cosine and down by another; momentum falls and rises. */
function oneCycleAt({ peak, totalSteps }: Schedule, step: number): ScheduledStep {
  const { rise, startDivisor, endDivisor, highMomentum, lowMomentum } = ONE_CYCLE;
  const top = Math.max(1, rise * totalSteps - 1);
  if (step <= top) {
    const progress = step / top;
    return {
      learningRate: between(peak / startDivisor, peak, progress),
      momentum: between(highMomentum, lowMomentum, progress),
    };
  }
  const progress = (step - top) / Math.max(1, totalSteps - 1 - top);
  return {
    learningRate: between(peak, peak / endDivisor, progress),
    momentum: between(lowMomentum, highMomentum, progress),
  };
}

/** From `start` to `end` along half a cosine. */
function between(start: number, end: number, progress: number): number {
  return end + (start - end) * 0.5 * (1 + Math.cos(Math.PI * progress));
}
