import { prepareSensor, type SensorModel, type SensorParameters } from "./model.js";

/**
 * OV2640 on the ESP32-CAM, QVGA, as esp32-camera sets it up (sensors/private_include/ov2640_settings.h).
 * To be replaced by numbers fitted from captures; until then:
 *
 * - `pixels`: the default locator's 800/1000 of 240 lines.
 * - `softness`: the module's lens is fixed at about 1.2 m (3.6 mm, f/2.4); at 0.4 m its blur circle is 9 um, one of the 5.6 um pitched QVGA
 *   pixels and a half, hence a standard deviation of about 0.5 pixels with the filter of the sensor's scaler.
 * - `fullWell`, `readNoise`: datasheet, key specifications: 12 ke-, dynamic range 50 dB at gain 1 (38 e-); the part before the amplifier is
 *   an assumption.
 * - `greatestGain`: COM9, gain ceiling 8x.
 * - `metering`: AEW and AEB, 0x38 to 0x40 of 255 over the whole frame.
 * - `compressed`: the firmware takes greyscale frames.
 * - `tone`: the gamma registers 0x91, whose 15 points lie at 4, 8, 16, 32, 40, 48, 56, 64, 72, 80, 96, 112, 144, 176 and 208 of 256 as in
 *   OmniVision's other sensors (OV7670 datasheet, GAM1 to GAM15). It is much darker than sRGB below a tenth of the range.
 */
export const OV2640: SensorParameters = {
  name: "ov2640",
  pixels: 192,
  softness: 0.5,
  fullWell: 12_000,
  readNoise: { pixel: 12, converter: 36 },
  greatestGain: 8,
  metering: 0x3c / 255,
  compressed: false,
  tone: [
    [0, 0],
    [4 / 256, 0x0e / 255],
    [8 / 256, 0x1a / 255],
    [16 / 256, 0x31 / 255],
    [32 / 256, 0x5a / 255],
    [40 / 256, 0x69 / 255],
    [48 / 256, 0x75 / 255],
    [56 / 256, 0x7e / 255],
    [64 / 256, 0x88 / 255],
    [72 / 256, 0x8f / 255],
    [80 / 256, 0x96 / 255],
    [96 / 256, 0xa3 / 255],
    [112 / 256, 0xaf / 255],
    [144 / 256, 0xc4 / 255],
    [176 / 256, 0xd7 / 255],
    [208 / 256, 0xe8 / 255],
    [1, 1],
  ],
};

/** Sensors by their names in the configuration. */
export const SENSORS: Readonly<Record<"ov2640", SensorModel>> = { ov2640: prepareSensor(OV2640) };
