/** SMILEC.CFG: what can be set on the card (firmware/core/sm_settings.h), as a table and as a file to start from. */

export const CARD_SETTINGS_FILE = "SMILEC.CFG";

export interface CardSetting {
  readonly key: string;
  readonly values: string;
  readonly meaning: string;
}

export const CARD_SETTINGS: readonly CardSetting[] = [
  {
    key: "threshold",
    values: "-256 to 255",
    meaning: "margin per frame from which it is a smile, as `smilec monitor` shows it; higher: fewer greens",
  },
  {
    key: "brightness",
    values: "1 to 100",
    meaning:
      "of a strip, per cent; never more than `firmware.lights.maxMilliamps` allows. Lights on a plain output are on or off",
  },
  {
    key: "burst",
    values: "1 to `decision.burst`",
    meaning: "frames per press; there is no memory for more than were built in",
  },
  {
    key: "mode",
    values: "`button`, `interval`",
    meaning: "interval: a capture every so often besides the button; wants `interval`",
  },
  { key: "interval", values: "1 to 86400", meaning: "seconds between captures with `mode=interval`" },
];

/** As a table in Markdown. */
export function cardSettingsTable(): string {
  const rows = CARD_SETTINGS.map(({ key, values, meaning }) => `| \`${key}\` | ${values} | ${meaning} |`);
  return ["| key | values | means |", "| --- | --- | --- |", ...rows].join("\n");
}

/** The values that a firmware was built with. */
export interface BuiltInSettings {
  readonly thresholdMargin: number;
  readonly brightness: number;
  readonly burst: number;
}

/** A file that changes nothing: every key commented out, with the value that holds without it. */
export function cardSettingsFile({ thresholdMargin, brightness, burst }: BuiltInSettings): string {
  const values = { threshold: thresholdMargin, brightness, burst, mode: "button", interval: 60 };
  const plain = (text: string) => text.replaceAll("`", "").replaceAll("decision.burst", String(burst));
  return [
    "# Settings of the bot, read when the card is put in: remove the # before a line to change it.",
    ...CARD_SETTINGS.flatMap(({ key, values: allowed, meaning }) => [
      `# ${plain(allowed)}: ${plain(meaning)}`,
      `#${key}=${values[key as keyof typeof values]}`,
    ]),
    "",
  ].join("\n");
}
