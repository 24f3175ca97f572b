/** The bot's faults in words, by their blink codes: what documentation, `smilec monitor` and a project's README say comes from here. */

export interface FaultCode {
  /** As in the events of the host program. */
  readonly name: string;
  readonly meaning: string;
  /** What the bot does meanwhile. */
  readonly response: string;
}

/** Bit n of the fault set is n + 1 flashes: enum sm_fault of firmware/core/sm_app.h. */
export const FAULT_CODES: readonly FaultCode[] = [
  {
    name: "model",
    meaning: "the network fails its self-test or an inference",
    response: "answers no press",
  },
  {
    name: "camera",
    meaning: "no frames from the camera",
    response: "starts it again when idle, 1 s to 1 min apart; presses are tried",
  },
  {
    name: "no-card",
    meaning: "no card",
    response: "scores, does not log; looks for a card 1 s to 1 min apart",
  },
  {
    name: "card-full",
    meaning: "no room for another segment on the card",
    response: "fills the current one, then scores only; deletes nothing",
  },
  {
    name: "card-fails",
    meaning: "the card does not read or write, or is write-protected",
    response: "as without a card; a segment in which two writes in a row failed is left alone",
  },
  {
    name: "card-format",
    meaning: "the card has no FAT file system",
    response: "as without a card; formats nothing",
  },
  {
    name: "button",
    meaning: "the button has been down for half a minute",
    response: "waits for its release",
  },
  {
    name: "settings",
    meaning: "SMILEC.CFG has a line that can't be used",
    response: "leaves that line out, uses the others; the serial log names it",
  },
  {
    name: "memory",
    meaning: "the memory for frames failed its test, or is not there (PSRAM)",
    response: "answers no press",
  },
  {
    name: "setup",
    meaning: "the chip refuses a pin, its watchdog or the configuration",
    response: "does nothing; the serial log says why",
  },
  {
    name: "arena",
    meaning: "the working memory of the network, or of the face detector, failed its test",
    response: "answers no press",
  },
];

/** As a table in Markdown: flashes, fault, what the bot does. */
export function faultTable(): string {
  const rows = FAULT_CODES.map(({ meaning, response }, bit) => `| ${bit + 1} | ${meaning} | ${response} |`);
  return ["| flashes | fault | the bot |", "| --- | --- | --- |", ...rows].join("\n");
}
