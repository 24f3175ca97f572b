/**
 * What a strip or ring of addressable LEDs (WS2812) draws, and how bright it may be on its supply.
 *
 * Sources: Adafruit NeoPixel Uberguide, "Powering NeoPixels": 60 mA for an LED with its three channels full, so 20 mA for each. PJRC, "How Much Current Do
 * WS2812 / NeoPixel LEDs Really Use?": 33 to 53 mA measured, and just under 1 mA with the LED dark.
 */

const CHANNEL_MILLIAMPS = 20;
const DARK_MILLIAMPS = 1;
/** Channels that any pattern lights at once come to at most this many full ones: SM_CHANNEL_SUM_MAX of firmware/core/sm_lights.h. */
export const LIT_CHANNELS = 2;

/** Orders in which strips take their colours. */
export const COLOUR_ORDERS = ["grb", "rgb", "rbg", "gbr", "brg", "bgr"] as const;
export type ColourOrder = (typeof COLOUR_ORDERS)[number];

export interface Strip {
  readonly count: number;
  /** Per cent of the LEDs' full current, 1 to 100. */
  readonly brightness: number;
  /** What the supply can give the strip. */
  readonly maxMilliamps: number;
}

/** Most that `count` LEDs draw at a brightness in per cent, milliamperes. */
export function stripMilliamps({ count, brightness }: Pick<Strip, "count" | "brightness">): number {
  return Math.ceil(count * (DARK_MILLIAMPS + (LIT_CHANNELS * CHANNEL_MILLIAMPS * brightness) / 100));
}

/** Highest brightness that the supply stands, whole per cent, at most 100; 0: not even the lowest. */
export function brightnessLimit({ count, maxMilliamps }: Pick<Strip, "count" | "maxMilliamps">): number {
  const each = maxMilliamps / count - DARK_MILLIAMPS;
  return Math.max(0, Math.min(100, Math.floor((each * 100) / (LIT_CHANNELS * CHANNEL_MILLIAMPS))));
}

/** The brightness that the firmware gets: as configured, within the limit. */
export function stripBrightness(strip: Strip): number {
  return Math.min(strip.brightness, brightnessLimit(strip));
}

/** "lights: 16 LEDs at 20 %: at most 144 of 200 mA at 5 V", with what was lowered and why. */
export function describeStrip(strip: Strip): string {
  const brightness = stripBrightness(strip);
  const lowered = brightness < strip.brightness ? ` (not ${strip.brightness} %, for firmware.lights.maxMilliamps)` : "";
  const draws = stripMilliamps({ ...strip, brightness });
  return `${strip.count} LED${strip.count === 1 ? "" : "s"} at ${brightness} %${lowered}: at most ${draws} of ${strip.maxMilliamps} mA at 5 V`;
}
