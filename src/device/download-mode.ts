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

/** Buttons, jumpers and connectors as the boards' guides name them: the sources of src/board, and those named here. */
const MODES: Readonly<Record<BoardId, DownloadMode>> = {
  esp32cam: {
    enter: [
      CARD_OUT,
      "Connect GPIO0 to GND, supply 5 V, and press RST (on the ESP32-CAM-MB: hold IO0 while you press RST).",
    ],
    leave: "Take GPIO0 off GND, put the card back in, and press RST.",
  },
  // ESP32-S3-EYE Getting Started Guide (espressif/esp-who): Boot and Reset button; the Micro-USB port is the chip's own.
  esp32s3eye: {
    enter: [
      "Use the Micro-USB port; the chip resets itself over USB.",
      "If it does not, or is not found: hold BOOT, press RST, let go of BOOT. The port may then have another name.",
    ],
    leave: "If the bot does not start: press RST.",
  },
  // Freenove's tutorial, chapter 0: two USB-C connectors; the one of the CH343 bridge resets the chip through DTR and RTS.
  "freenove-s3": {
    enter: [
      "Use the USB connector marked UART; its adapter resets the board.",
      "If it does not: hold BOOT, press RST, let go of BOOT.",
    ],
    leave: "If the bot does not start: press RST.",
  },
  // Seeed's wiki, "Getting Started with XIAO ESP32S3", FAQ: hold Boot while connecting; press Reset once afterwards.
  "xiao-s3-sense": {
    enter: [
      "Use USB-C; the chip resets itself over USB.",
      "If it does not, or is not found: unplug it, hold B (BOOT, the small button beside the connector), plug it in, let go of B.",
    ],
    leave: "If the bot does not start: press R (RESET) once.",
  },
  // ESP-WROVER-KIT V4.1 Getting Started Guide: Boot and EN button, JP2, the FT2232's two ports.
  "wrover-kit": {
    enter: [
      CARD_OUT,
      "Of the board's two ports take the second: the first is JTAG. JP2's UART jumpers must be on; the adapter then resets the board.",
      "If it does not: hold Boot, press EN, let go of Boot.",
    ],
    leave: "Put the card back in and press EN.",
  },
};

export function downloadMode(board: Pick<Board, "id">): DownloadMode {
  return MODES[board.id as BoardId];
}
