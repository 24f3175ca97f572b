/** `train.augment`: the strength of every augmentation of src/augment in its own unit. 0 (of a probability or a strength) is off. */
import { z } from "zod";

/** How often, as a share of the pictures. */
const probability = (share: number) =>
  z.number().min(0).max(1).default(share).describe("Share of the pictures it happens to.");

const strength = (smallest: number, largest: number, normal: number, meaning: string) =>
  z.number().min(smallest).max(largest).default(normal).describe(meaning);

/** An augmentation that happens to a share of the pictures. */
const occasional = <Shape extends z.ZodRawShape>(share: number, shape: Shape) =>
  z.strictObject({ ...shape, probability: probability(share) }).prefault({} as never);

const geometry = {
  flip: z.boolean().default(true).describe("Mirror half of the pictures left to right."),
  shift: strength(0, 0.5, 0.16, "Largest shift in each direction, fraction of the picture's side."),
  scale: z
    .strictObject({
      smallest: strength(0.4, 1, 0.65, "Smallest size of the face, relative to the picture's (a loose face box)."),
      largest: strength(1, 2, 1.28, "Largest size of the face (a tight face box)."),
    })
    .prefault({}),
  rotate: strength(0, 45, 26, "Largest rotation in degrees."),
  perspective: strength(0, 0.5, 0.1, "Largest relative change of size from the picture's middle to its edge."),
  rollingShutter: strength(0, 0.3, 0.05, "Largest sideways skew between top and bottom row, fraction of the side."),
};

const scene = {
  exposure: strength(0, 4, 1.2, "Largest change of exposure in stops."),
  unevenLight: strength(0, 6, 1.5, "Largest darkening beyond a soft edge across the picture, in stops."),
  backlight: occasional(0.22, {
    stops: strength(0, 6, 3, "Largest brightness of the background above the face's, in stops."),
    veil: strength(0, 1, 0.3, "Largest stray light over the whole picture, fraction of its mean light."),
  }),
  banding: occasional(0.05, { depth: strength(0, 0.9, 0.3, "Largest dip of light in the bands of flickering lamps.") }),
  hand: occasional(0.02, { reach: strength(0, 0.4, 0.25, "How far a hand comes in, fraction of the picture's side.") }),
  cap: occasional(0.02, { reach: strength(0, 0.4, 0.3, "How far a cap comes down, fraction of the picture's side.") }),
  glare: occasional(0.02, {
    stops: strength(0, 6, 3, "Largest light of reflections in glasses above the face, stops."),
  }),
};

const optics = {
  vignette: strength(0, 4, 0.8, "Largest darkening of the corners in stops."),
  defocus: occasional(0.3, { radius: strength(0, 4, 1.6, "Largest radius of the blur circle in input pixels.") }),
  motionBlur: occasional(0.18, { length: strength(0, 12, 4, "Largest length of the smear in input pixels.") }),
  lowResolution: occasional(0.18, {
    pixels: z.int().min(8).max(128).default(20).describe("Fewest sensor pixels across the picture."),
  }),
};

const sensor = {
  camera: occasional(0.35, {
    sensor: z
      .enum(["ov2640", "none"])
      .default("ov2640")
      .describe("Camera that takes the picture: its lens, metering, noise and tone curve (src/augment/sensor)."),
  }),
  noise: occasional(0.7, { gain: strength(1, 128, 32, "Largest gain: shot and read noise grow with it.") }),
  patternNoise: occasional(0.06, {
    deviation: strength(0, 30, 4, "Largest standard deviation of row and column noise, grey levels at mid grey."),
  }),
  hotPixels: occasional(0.06, { share: strength(0, 0.05, 0.002, "Largest share of pixels that are stuck bright.") }),
};

const tone = {
  gamma: strength(0, 2, 0.35, "Largest relative change of the tone curve's exponent: 0.35 is 1/1.35 to 1.35 times."),
  contrast: strength(0, 2, 0.45, "Largest relative change of contrast about mid grey: 0.45 is 1/1.45 to 1.45 times."),
  crushedShadows: occasional(0.2, {
    level: strength(0, 0.8, 0.25, "Largest grey level that becomes black, fraction of the range."),
  }),
  clippedHighlights: occasional(0.08, {
    stops: strength(0, 4, 1, "How far below white light already turns white at most, in stops."),
  }),
  jpeg: occasional(0.2, {
    quality: z.int().min(1).max(100).default(30).describe("Lowest JPEG quality, 1 to 100 as in libjpeg."),
  }),
};

export const augmentSchema = z.strictObject({ ...geometry, ...scene, ...optics, ...sensor, ...tone }).prefault({});
