/** How a board gets into download mode and out of it again, in words. */
import type { BoardId } from "../board/boards.js";
import type { Board } from "../board/types.js";

export interface DownloadMode {
  /** What to do before flashing, in order. */
  readonly enter: readonly string[];
  /** What to do afterwards. */
  readonly leave: string;
}

/** The ESP32 samples GPIO2, too, and wants it low (esptool's "Boot Mode Selection"); a card in its slot pulls it up. */
const CARD_OUT = "Take the card out: its pull-up on GPIO2 keeps the chip from download mode.";

/** Buttons, jumpers and connectors as the boards' guides name them: the sources in src/board. */
const MODES: Readonly<Record<BoardId, DownloadMode>> = {
  esp32cam: {
    enter: [
      CARD_OUT,
      "Connect GPIO0 to GND, supply 5 V, and press RST (on the ESP32-CAM-MB: hold IO0 while you press RST).",
    ],
    leave: "Take GPIO0 off GND, put the card back in, and press RST.",
  },
  // Its guide, "Known Issues", has the words for a chip that keeps rebooting; the Micro-USB port is the chip's own.
  esp32s3eye: {
    enter: [
      "Use the Micro-USB port; the chip resets itself over USB.",
      "If it does not, or is not found: hold BOOT, press RST, let go of RST first and of BOOT next. The port may then have another name.",
    ],
    leave: "After BOOT and RST, or if the bot does not start: press RST.",
  },
  // Freenove brings CH343's driver for the one of two USB connectors that is a bridge. Not checked with Freenove's tutorial, a PDF that was not at hand: the
  // connector's marking, and that the bridge drives GPIO0 and reset. The buttons' order is ESP-IDF's for every ESP32-S3.
  "freenove-s3": {
    enter: [
      "Use the USB connector marked UART; its adapter resets the board.",
      "If it does not: hold BOOT, press RST, let go of BOOT.",
    ],
    leave: "If the bot does not start: press RST.",
  },
  // Seeed's wiki, "BootLoader Mode" and "Reset": BOOT is held while the board is connected, or while Reset is pressed once.
  "xiao-s3-sense": {
    enter: [
      "Use USB-C; the chip resets itself over USB.",
      "If it does not, or is not found: unplug it, hold BOOT, plug it in, let go of BOOT. Or, plugged in: hold BOOT, press RESET once, let go of BOOT.",
    ],
    leave: "If the bot does not start: press RESET once.",
  },
  // Its guide: Boot and EN button, power switch, JP2 and JP7, serial on channel B of the FT2232 and JTAG on A.
  "wrover-kit": {
    enter: [
      CARD_OUT,
      "Power switch towards Boot, JP7 on USB (or 5 V at its jack), JP2's UART jumpers on.",
      "Of the board's two ports take the second: the first is JTAG. The adapter resets the board.",
      "If it does not: hold Boot, press EN, let go of Boot.",
    ],
    leave: "Put the card back in and press EN.",
  },
};

export function downloadMode(board: Pick<Board, "id">): DownloadMode {
  return MODES[board.id as BoardId];
}
