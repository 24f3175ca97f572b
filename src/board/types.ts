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

/** Card on the SDMMC controller, one data line. */
export interface SdmmcPins {
  readonly bus: "sdmmc-1bit";
  readonly clk: Gpio;
  readonly cmd: Gpio;
  readonly d0: Gpio;
  /** Where the card's unused D3 ends: a card that sees it low while it starts goes into SPI mode. -1: not at the chip. */
  readonly d3: Gpio;
}

/** Card on a SPI controller. */
export interface SdSpiPins {
  readonly bus: "spi";
  readonly sck: Gpio;
  readonly miso: Gpio;
  readonly mosi: Gpio;
  readonly cs: Gpio;
}

export interface StatusLed {
  /** -1: there is none. */
  readonly gpio: Gpio;
  /** open-drain: the pin may only pull down, the LED's circuit pulls up. ws2812: an addressable RGB LED. */
  readonly drive: "push-pull" | "open-drain" | "ws2812";
  /** The LED is on while the pin is low; means nothing for ws2812. */
  readonly activeLow: boolean;
  /** Wired to a header by the user, as opposed to an LED of the board. */
  readonly external: boolean;
}

/** A contact of a pin header: a GPIO or the name of a supply. */
export type Contact = Gpio | string;

/** Pins that wires can be put to. */
export interface Headers {
  /** The lists are in the order of the contacts, seen from the side with the camera, its connector up; otherwise only which pins there are is known. */
  readonly ordered: boolean;
  readonly left: readonly Contact[];
  readonly right: readonly Contact[];
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
  /** How the flash chip is read. */
  readonly flashMode: "dio" | "qio";
  /** Internal RAM that static data may use, bytes; on the ESP32-S3 also code that runs from RAM. */
  readonly ramBytes: number;
  /** PSRAM that the chip can map, bytes. */
  readonly psramBytes: number;
  readonly psramMode: "quad" | "octal";
  /** Where the log goes: UART 0, behind a bridge or an adapter, or the ESP32-S3's own USB port. */
  readonly console: "uart" | "usb-serial-jtag";
  readonly camera: CameraPins;
  /** Product id of the sensor that the board comes with (0x2642: OV2640); another one is told at the start and used all the same. 0: any. */
  readonly sensor: number;
  readonly sd: SdmmcPins | SdSpiPins;
  /** Push button to GND, internal pull-up. */
  readonly button: Gpio;
  /** Green lights, active high. */
  readonly lights: Gpio;
  readonly status: StatusLed;
  /** Outputs that must be driven low from reset on (the AI-Thinker's flash lamp). */
  readonly holdLow: readonly Gpio[];
  readonly headers: Headers;
  /** Pins that other parts of the board use, and which. */
  readonly taken: Readonly<Record<Gpio, string>>;
  /** What whoever wires or flashes the board has to know; one sentence each. */
  readonly notes: readonly string[];
  readonly sources: readonly string[];
}
