/** How training went, epoch by epoch. */
import { accuracyChart, learningRateChart, lossChart } from "../charts/training.js";
import { amount, counted, foreign, integer, percent, significant } from "../format.js";
import { drawChart } from "../svg.js";
import type { TrainingSection } from "../types.js";
import { type SectionView, tile } from "./view.js";

const HEIGHTS = { wide: 270, narrow: 220 };
const STRIP = { wide: 110, narrow: 110 };

export async function trainingSection(training: TrainingSection): Promise<SectionView> {
  const { history, bestEpoch } = training;
  const best = history.find((epoch) => epoch.epoch === bestEpoch);
  return {
    id: "training",
    title: "Training",
    css: [],
    view: {
      tiles: [
        tile("network", foreign(training.architecture)),
        tile("parameters", integer(training.parameters)),
        tile("work per picture", amount(training.macs), "multiply-accumulates"),
        tile("trained for", counted(history.length, "epoch"), `on ${foreign(training.backend)}`),
        tile("best epoch", best === undefined ? "none" : String(bestEpoch), best === undefined ? null : bestNote(best)),
      ],
      charts: history.length === 0 ? null : await charts(training, best),
      diverged: divergence(history),
      epochs: history.map((epoch) => epochRow(epoch, bestEpoch)),
    },
  };
}

type Epoch = TrainingSection["history"][number];

function bestNote(best: Epoch): string {
  return `${percent(best.valAccuracy)} of validation pictures right`;
}

async function charts(training: TrainingSection, best: Epoch | undefined) {
  const { history } = training;
  const first = history[0];
  const last = history[history.length - 1];
  const marked = best === undefined ? "" : ` The best epoch is ${best.epoch}.`;
  const from = (value: (epoch: Epoch) => number, text: (value: number) => string) =>
    `from ${text(value(first))} to ${text(value(last))}`;
  const loss = `Loss over ${counted(history.length, "epoch")}: training ${from((e) => e.trainLoss, significant)}, validation ${from((e) => e.valLoss, significant)}.${marked}`;
  const accuracy = `Validation accuracy ${from((e) => e.valAccuracy, percent)}.${marked}`;
  const rate = `Learning rate ${from((e) => e.learningRate, significant)}.`;
  return {
    lossHtml: await drawChart("loss", loss, lossChart(training), HEIGHTS),
    accuracyHtml: await drawChart("accuracy", accuracy, accuracyChart(training), HEIGHTS),
    learningRateHtml: await drawChart("learning-rate", rate, learningRateChart(training), STRIP),
  };
}

function divergence(history: readonly Epoch[]): string | null {
  const epoch = history.find((e) => !Number.isFinite(e.trainLoss) || !Number.isFinite(e.valLoss));
  return epoch === undefined
    ? null
    : `The loss stopped being a number in epoch ${epoch.epoch}: lower the learning rate.`;
}

function epochRow(epoch: Epoch, bestEpoch: number) {
  return {
    epoch: String(epoch.epoch),
    best: epoch.epoch === bestEpoch,
    learningRate: significant(epoch.learningRate),
    trainLoss: significant(epoch.trainLoss),
    valLoss: significant(epoch.valLoss),
    valAccuracy: percent(epoch.valAccuracy),
  };
}
