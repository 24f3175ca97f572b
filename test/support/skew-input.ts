/** A comparison of drawn sides: captures are darker, and lie elsewhere on the map. */
import { rankCauses } from "#smilec/skew/causes.js";
import { compareFeatures, embeddingMap, strangestCaptures, tellApart } from "#smilec/skew/compare.js";
import { MARGIN, PICTURE_FEATURES } from "#smilec/skew/features.js";
import { addFeatures, newHistograms, type SampledPicture, type Side } from "#smilec/skew/samples.js";
import type { SkewResult } from "#smilec/skew/types.js";
import type { Random } from "./random.js";

const SIZE = 16;

/** A side of `count` pictures whose brightness is moved by `darker` grey levels and whose embedding by `away`. */
export function drawnSide(random: Random, count: number, darker: number, away: number): Side {
  const histograms = newHistograms();
  const sample = Array.from({ length: count }, (_, i): SampledPicture => {
    const features = Float64Array.from(PICTURE_FEATURES, ({ low, high }) => random.real(low, high) / 2 + low / 2);
    features[0] -= darker;
    const margin = random.integer(-100, 100);
    addFeatures(histograms, features);
    histograms[MARGIN.name].add(margin);
    const embedding = Float64Array.from({ length: 6 }, () => random.real(-1, 1) + away);
    const grey = Uint8Array.from({ length: SIZE * SIZE }, () => random.integer(0, 255));
    return { grey, group: `${i}`, name: `<${i}>.pgm`, features, embedding, margin };
  });
  return { count, histograms, sample };
}

export function skewResult(random: Random): SkewResult {
  const training = drawnSide(random, 120, 0, 0);
  const serving = drawnSide(random, 80, 40, 1);
  const features = compareFeatures(training, serving);
  const auc = tellApart(training, serving);
  return {
    size: SIZE,
    strangest: strangestCaptures(training, serving, 4),
    report: {
      formatVersion: 1,
      training: { name: "smiles & more", pictures: 9226, sampled: 120 },
      serving: {
        captures: 160,
        presses: 80,
        devices: 2,
        sampled: 80,
        damaged: 1,
        framing: { side: 192, share: 0.8, drawn: { count: 5, size: 0.75, offCentre: 0.1 } },
      },
      auc,
      augmentedAuc: auc,
      verdict: "Captures clearly differ from training pictures.",
      causes: rankCauses(features),
      features,
      closing: [
        {
          feature: "brightness",
          title: "brightness",
          before: 1.5,
          best: [{ label: "exposure, 2.4 stops", augmentation: "exposure", after: 0.3 }],
        },
        { feature: "noise", title: "noise", before: 0.9, best: [] },
      ],
      consistency: {
        captures: 160,
        withModel: 100,
        equal: 159,
        different: 1,
        differences: ["1a2b3c4d/7: preprocess, input crc: logged 1, computed 2"],
      },
      map: embeddingMap(training, serving),
      damaged: ["1a2b3c4d/0000.pgm: the picture is missing"],
    },
  };
}
