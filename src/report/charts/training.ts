/** Curves over the epochs of training. */
import { percent, significant } from "../format.js";
import { type ChartOption, ROLE } from "../svg.js";
import type { TrainingSection } from "../types.js";
import { type AxisStyle, axis, finite, line, MARGIN, rule } from "./axis.js";

type Epoch = TrainingSection["history"][number];

/** x range of a history; a single epoch gets room on both sides. */
function epochAxis(history: readonly Epoch[], name?: string): AxisStyle {
  const first = history[0].epoch;
  const last = history[history.length - 1].epoch;
  const room = first === last ? 1 : 0;
  return { min: first - room, max: last + room, minInterval: 1, ...(name === undefined ? {} : { name }) };
}

function epochShare(history: readonly Epoch[], epoch: number): number {
  const first = history[0].epoch;
  return history.length === 1 ? 0.5 : (epoch - first) / (history[history.length - 1].epoch - first);
}

/** Training and validation loss by epoch; the best epoch is marked. */
export function lossChart({ history, bestEpoch }: TrainingSection): ChartOption {
  const best = rule(bestEpoch, `best: epoch ${bestEpoch}`, epochShare(history, bestEpoch));
  return () => ({
    grid: MARGIN,
    xAxis: axis(epochAxis(history, "epoch"), "x"),
    yAxis: axis({ min: 0, name: "loss", format: significant }, "y"),
    series: [
      line(
        ROLE.orange,
        history.map((e) => [e.epoch, finite(e.trainLoss)]),
      ),
      {
        ...line(
          ROLE.blue,
          history.map((e) => [e.epoch, finite(e.valLoss)]),
        ),
        ...(best === undefined ? {} : { markLine: best }),
      },
    ],
  });
}

/** Validation accuracy by epoch. */
export function accuracyChart({ history, bestEpoch }: TrainingSection): ChartOption {
  const values = history.map((e) => e.valAccuracy).filter(Number.isFinite);
  // A tenth below the lowest value, in steps of 10 %, so that the last percent points can be seen.
  const floor = Math.max(0, Math.floor(10 * Math.min(...values, 1) - 0.5) / 10);
  const best = rule(bestEpoch, `best: epoch ${bestEpoch}`, epochShare(history, bestEpoch));
  return () => ({
    grid: MARGIN,
    xAxis: axis(epochAxis(history, "epoch"), "x"),
    yAxis: axis({ min: floor, max: 1, name: "right answers", format: (v) => percent(v, 0) }, "y"),
    series: [
      {
        ...line(
          ROLE.blue,
          history.map((e) => [e.epoch, finite(e.valAccuracy)]),
        ),
        ...(best === undefined ? {} : { markLine: best }),
      },
    ],
  });
}

/** Learning rate by epoch: a strip under the other two. */
export function learningRateChart({ history }: TrainingSection): ChartOption {
  return () => ({
    grid: { ...MARGIN, bottom: 26 },
    xAxis: axis(epochAxis(history), "x"),
    yAxis: { ...axis({ min: 0, name: "learning rate", format: significant }, "y"), splitNumber: 2 },
    series: [
      {
        ...line(
          ROLE.violet,
          history.map((e) => [e.epoch, finite(e.learningRate)]),
        ),
        areaStyle: { color: ROLE.violet, opacity: 0.12 },
      },
    ],
  });
}
