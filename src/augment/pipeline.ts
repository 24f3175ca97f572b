/**
 * Training-time variation of a picture, in the order light takes: geometry, light in the scene, optics, sensor, tone, coding; then the device's
 * exact preprocessing. Everything is drawn from the stream (seed, augment, epoch, picture), so a picture's variation depends on neither threads
 * nor order. With all strengths 0 the result is preprocess() of the picture.
 */
import { SquarePreprocessor } from "../preprocess/square.js";
import type { PreprocessSpec } from "../preprocess/types.js";
import { Rng } from "../train/rng.js";
import { STREAM } from "../train/streams.js";
import { jpeg } from "./coding/jpeg.js";
import { flip } from "./geometry/flip.js";
import { perspective } from "./geometry/perspective.js";
import { rollingShutter } from "./geometry/rolling-shutter.js";
import { rotate } from "./geometry/rotate.js";
import { scale } from "./geometry/scale.js";
import { shift } from "./geometry/shift.js";
import { drawSurround, warp } from "./geometry/warp.js";
import { defocus } from "./optics/defocus.js";
import { enlarge, lowResolution } from "./optics/low-resolution.js";
import { motionBlur } from "./optics/motion-blur.js";
import { vignette } from "./optics/vignette.js";
import { Planes } from "./planes.js";
import { backlight } from "./scene/backlight.js";
import { banding } from "./scene/banding.js";
import { cap } from "./scene/cap.js";
import { glare } from "./scene/glare.js";
import { hand } from "./scene/hand.js";
import { unevenLight } from "./scene/uneven-light.js";
import { camera } from "./sensor/camera.js";
import { develop } from "./sensor/develop.js";
import { exposure } from "./sensor/exposure.js";
import { hotPixels } from "./sensor/hot-pixels.js";
import { noise } from "./sensor/noise.js";
import { patternNoise } from "./sensor/pattern-noise.js";
import { clippedHighlights } from "./tone/clipped-highlights.js";
import { contrast } from "./tone/contrast.js";
import { crushedShadows } from "./tone/crushed-shadows.js";
import { gamma } from "./tone/gamma.js";
import type { Augmentation, AugmentationName, AugmentOptions } from "./types.js";

/** Augmentations that belong together, and what concludes them. */
export interface Stage {
  readonly name: string;
  readonly augmentations: readonly Augmentation[];
  /** Random numbers in `rng` belong to this stage alone. */
  conclude(planes: Planes, rng: Rng): void;
}

/** The order is that of physics, and part of the results. */
export const STAGES: readonly Stage[] = [
  {
    name: "geometry",
    augmentations: [flip, perspective, rotate, scale, shift, rollingShutter],
    conclude: (planes, rng) => warp(planes, drawSurround(rng)),
  },
  { name: "scene", augmentations: [glare, cap, backlight, unevenLight, hand, banding], conclude: () => undefined },
  { name: "optics", augmentations: [vignette, defocus, motionBlur], conclude: () => undefined },
  {
    name: "sensor",
    augmentations: [camera, exposure, lowResolution, noise, patternNoise, hotPixels],
    conclude: () => undefined,
  },
  { name: "tone", augmentations: [gamma, contrast, crushedShadows, clippedHighlights], conclude: finishPicture },
  { name: "coding", augmentations: [jpeg], conclude: () => undefined },
];

/** Last word of a stage's own random stream: beyond those of the augmentations. */
const STAGE_STREAM = 1000;

function finishPicture(planes: Planes): void {
  develop(planes);
  enlarge(planes);
}

/** What a picture becomes by one augmentation with these numbers alone: size * size grey pixels that the next call overwrites. */
export function applyAlone<Drawn>(
  planes: Planes,
  source: Uint8Array,
  augmentation: Augmentation<AugmentationName, Drawn>,
  drawn: Drawn,
): Uint8Array {
  planes.load(source);
  for (const stage of STAGES) {
    if (stage.augmentations.some(({ name }) => name === augmentation.name)) augmentation.apply(planes, drawn);
    stage.conclude(planes, new Rng(1));
  }
  return planes.grey;
}

/** Reuses its buffers; one per thread. */
export class Augmenter {
  private readonly planes: Planes;
  private readonly preprocessor: SquarePreprocessor;

  /** @param size side of the square source pictures in pixels */
  constructor(
    size: number,
    spec: PreprocessSpec,
    private readonly options: AugmentOptions,
    private readonly seed: number,
  ) {
    this.planes = new Planes(size, spec.size);
    this.preprocessor = new SquarePreprocessor(size, spec);
  }

  /** Varies `source` (size * size grey pixels) as picture `picture` of `epoch` and writes the network's int8 input to `out`. */
  augment(source: Uint8Array, epoch: number, picture: number, out: Int8Array): void {
    this.preprocessor.run(this.vary(source, epoch, picture), out);
  }

  /** The network's input without any variation: preprocess() of the picture. */
  plain(source: Uint8Array, out: Int8Array): void {
    this.preprocessor.run(source, out);
  }

  /** As `augment`, before the device's preprocessing: size * size grey pixels that the next call overwrites. */
  vary(source: Uint8Array, epoch: number, picture: number): Uint8Array {
    const { planes, options, seed } = this;
    planes.load(source);
    STAGES.forEach((stage, index) => {
      for (const augmentation of stage.augmentations) {
        const rng = new Rng(seed, STREAM.augment, epoch, picture, augmentation.stream);
        const drawn = augmentation.draw(rng, options[augmentation.name], planes);
        if (drawn !== undefined) augmentation.apply(planes, drawn);
      }
      stage.conclude(planes, new Rng(seed, STREAM.augment, epoch, picture, STAGE_STREAM + index));
    });
    return planes.grey;
  }
}
