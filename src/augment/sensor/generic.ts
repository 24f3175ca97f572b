import { SRGB_TONE } from "../tone/tables.js";
import type { SensorModel } from "./model.js";

/** Whatever camera took a picture from elsewhere: its exposure and tone curve stay; noise is that of a small sensor seen pixel by pixel. */
export const GENERIC_SENSOR: SensorModel = {
  name: "generic",
  pixels: 0,
  softness: 0,
  fullWell: 8000,
  readNoise: { pixel: 6, converter: 10 },
  greatestGain: 128,
  metering: undefined,
  compressed: true,
  tone: SRGB_TONE,
};
