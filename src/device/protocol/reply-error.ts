/** What the bot answers instead of what it was asked for. */
import { type ErrorDetails, ExitCode, SmilecError } from "../../errors.js";
import { describeError } from "../log-lines.js";
import { REPLY_STATUS } from "./packet.js";

/** enum sm_error of the firmware that commands come to. */
const BOT_ERROR = { argument: -1, noCard: -6, io: -8, notFound: -9, corrupt: -12 } as const;

interface Meaning {
  readonly message: string;
  readonly remedy: string;
  readonly exitCode?: ExitCode;
}

const MEANINGS: Readonly<Record<number, Meaning>> = {
  [REPLY_STATUS.version]: {
    message: "the bot speaks another version of the protocol than this smilec",
    remedy: "Flash the firmware of this version: smilec flash",
  },
  [REPLY_STATUS.command]: {
    message: "the bot does not know this command: its firmware is older than this smilec",
    remedy: "Flash the firmware of this version: smilec flash",
  },
  [REPLY_STATUS.interrupted]: {
    message: "a press came before the picture was over",
    remedy: "Ask again while nobody presses.",
  },
  [REPLY_STATUS.busy]: {
    message: "the bot's button is held down, or stuck",
    remedy: "Let it go; if nobody holds it, look at its wires (blink code 7).",
  },
  [BOT_ERROR.argument]: {
    message: "the bot refuses a value: it is out of its range",
    remedy: "Give a value within the range.",
    exitCode: ExitCode.User,
  },
  [BOT_ERROR.noCard]: {
    message: "the bot has no card in use",
    remedy: "Put a FAT32 card in, wait a few seconds, and try again.",
  },
  [BOT_ERROR.notFound]: {
    message: "the bot has nothing of the kind",
    remedy: "List what there is: smilec device list",
    exitCode: ExitCode.User,
  },
};

export class DeviceReplyError extends SmilecError {
  constructor(
    /** As in the reply: enum sm_error or REPLY_STATUS. */
    readonly status: number,
    where: string,
    details: ErrorDetails = {},
  ) {
    const meaning = MEANINGS[status];
    super(
      meaning?.exitCode ?? ExitCode.Environment,
      meaning?.message ?? `the bot could not answer: ${describeError(status)}`,
      {
        where,
        remedy: meaning?.remedy ?? "See what the bot says about it: smilec monitor",
        ...details,
      },
    );
  }
}
