/** Typed board facts. Every constant cites the schematic, datasheet or vendor header it was read from. */

/** GPIO number; -1: not connected. */
export type Gpio = number;

export interface CameraPins {
  readonly xclk: Gpio;
  readonly sda: Gpio;
  readonly scl: Gpio;
  /** D0..D7 of the sensor's upper eight data lines (Y2..Y9). */
  readonly data: readonly [Gpio, Gpio, Gpio, Gpio, Gpio, Gpio, Gpio, Gpio];
  readonly vsync: Gpio;
  readonly href: Gpio;
  readonly pclk: Gpio;
  readonly powerDown: Gpio;
  readonly reset: Gpio;
}

export interface SdmmcPins {
  readonly bus: "sdmmc-1bit";
  readonly clk: Gpio;
  readonly cmd: Gpio;
  readonly d0: Gpio;
}

export interface Board {
  readonly id: string;
  /** Vendor and product as printed on the box. */
  readonly title: string;
  readonly chip: "esp32" | "esp32s3";
  /** PlatformIO board id. */
  readonly platformioBoard: string;
  readonly cpuHz: number;
  readonly flashBytes: number;
  /** Internal RAM that static data may use, bytes. */
  readonly ramBytes: number;
  readonly psramBytes: number;
  readonly camera: CameraPins;
  readonly sd: SdmmcPins;
  /** Push button to GND, internal pull-up. */
  readonly button: Gpio;
  /** Green lights, active high. */
  readonly lights: Gpio;
  /** Status LED. */
  readonly status: { readonly gpio: Gpio; readonly activeLow: boolean };
  /** Outputs that must be driven low from reset on (the AI-Thinker's flash lamp). */
  readonly holdLow: readonly Gpio[];
  readonly sources: readonly string[];
}
