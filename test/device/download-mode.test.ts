import { describe, expect, it } from "@jest/globals";
import { BOARD_IDS, boards } from "#smilec/board/boards.js";
import { downloadMode } from "#smilec/device/download-mode.js";

describe("download mode", () => {
  it.each(BOARD_IDS)("of %s is told in the words of its buttons", (id) => {
    const { enter, leave } = downloadMode(boards[id]);
    expect(enter.at(-1)).toMatch(/GPIO0 to GND|hold (BOOT|Boot)\b/);
    expect(leave).toMatch(/press/);
    expect(new Set(BOARD_IDS.map((other) => downloadMode(boards[other]).enter.join()))).toHaveProperty("size", 5);
  });

  it.each(BOARD_IDS)("asks to take the card out exactly where it pulls on a strapping pin: %s", (id) => {
    const { chip, sd } = boards[id];
    const pullsGpio2 = chip === "esp32" && Object.entries(sd).some(([name, pin]) => name !== "bus" && pin === 2);
    const { enter, leave } = downloadMode(boards[id]);
    expect(enter.some((line) => line.startsWith("Take the card out"))).toBe(pullsGpio2);
    expect(/card back in/.test(leave)).toBe(pullsGpio2);
  });

  it.each(BOARD_IDS)("names the port that the board's log comes from: %s", (id) => {
    const text = downloadMode(boards[id]).enter.join(" ");
    if (boards[id].console === "usb-serial-jtag") expect(text).toContain("resets itself over USB");
    else expect(text).not.toContain("resets itself over USB");
  });
});
