/** `firmware` and `pins`: what the bot does besides the network, and where its parts are connected. */
import { z } from "zod";
import { COLOUR_ORDERS } from "../board/strip.js";

const lights = z
  .strictObject({
    kind: z
      .enum(["gpio", "ws2812"])
      .default("gpio")
      .describe(
        "What is at pins.lights. gpio: LEDs or a transistor, high for green; ws2812: a strip or ring of addressable LEDs.",
      ),
    count: z.int().min(1).max(64).default(8).describe("LEDs of the strip."),
    brightness: z
      .int()
      .min(1)
      .max(100)
      .default(20)
      .describe("Of the strip, per cent of the LEDs' full current; lowered to what maxMilliamps allows."),
    colourOrder: z.enum(COLOUR_ORDERS).default("grb").describe("Order in which the strip takes its colours."),
    maxMilliamps: z
      .int()
      .min(10)
      .max(10000)
      .default(200)
      .describe(
        "What the supply can give the strip at 5 V; the default is what a USB port of 500 mA has left beside the board. No setting on the card goes beyond it.",
      ),
  })
  .prefault({});

export const firmwareSchema = z
  .strictObject({
    lights,
    lightsMs: z
      .int()
      .min(100)
      .max(60000)
      .default(3000)
      .describe("How long the lights stay green after a smile, milliseconds."),
    debounceMs: z.int().min(1).max(200).default(30).describe("How long the button must be steady, milliseconds."),
    slotsPerSegment: z.int().min(4).max(4096).default(128).describe("Captures per segment file on the card."),
    interval: z
      .int()
      .min(0)
      .max(86400)
      .default(0)
      .describe("Also take a picture without a press so many seconds after the last one, 1 to 86400; 0: presses only."),
    serial: z
      .strictObject({
        enabled: z
          .boolean()
          .default(true)
          .describe("Answer `smilec device` on the serial port that the log goes to (docs/serial.md)."),
        baud: z
          .union([z.literal(115200), z.literal(230400), z.literal(460800), z.literal(921600)])
          .default(921600)
          .describe("Bits per second of that port, for the log too; a board's own USB port has none."),
      })
      .prefault({}),
    cores: z
      .union([z.literal(1), z.literal(2)])
      .default(1)
      .describe("Cores of the chip that run the network (engine aot); the scores are the same."),
  })
  .prefault({});

const gpio = z.int().min(0).max(48);

export const pinsSchema = z
  .strictObject({
    button: z
      .union([z.literal("board"), gpio])
      .default("board")
      .describe("GPIO of the button, to GND; board: as `smilec boards` shows."),
    lights: z
      .union([z.literal("board"), gpio])
      .default("board")
      .describe("GPIO of the lights, active high, or of a strip's data line; board: as `smilec boards` shows."),
    status: z
      .union([z.literal("board"), z.literal("none"), gpio])
      .default("board")
      .describe("GPIO of a status LED of your own, active high; board: the board's own LED, if it has one."),
  })
  .prefault({});
