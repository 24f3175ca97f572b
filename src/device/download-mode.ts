/** How a board gets into download mode and out of it again, in words. */
import type { Board } from "../board/types.js";

export interface DownloadMode {
  /** What to do before flashing, in order. */
  readonly enter: readonly string[];
  /** What to do afterwards. */
  readonly leave: string;
}

/** From the board's facts: which buttons and jumpers it has, and whether the card pulls on a strapping pin (ESP32: GPIO2 must be low). */
export function downloadMode(board: Pick<Board, "id" | "chip" | "sd">): DownloadMode {
  const card = cardPullsGpio2(board)
    ? ["Take the card out: its pull-up on GPIO2 keeps the chip from download mode."]
    : [];
  if (board.id === "esp32cam") {
    return {
      enter: [
        ...card,
        "Connect GPIO0 to GND, supply 5 V, and press RST (on the ESP32-CAM-MB: hold IO0 while you press RST).",
      ],
      leave: "Take GPIO0 off GND, put the card back in, and press RST.",
    };
  }
  return {
    enter: [...card, "If the board does not reset by itself: hold BOOT, press RESET (EN), let go of BOOT."],
    leave:
      card.length > 0 ? "Put the card back in and press RESET (EN)." : "If the bot does not start: press RESET (EN).",
  };
}

function cardPullsGpio2({ chip, sd }: Pick<Board, "chip" | "sd">): boolean {
  return chip === "esp32" && Object.entries(sd).some(([name, pin]) => name !== "bus" && pin === 2);
}
