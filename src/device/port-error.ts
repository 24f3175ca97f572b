/** What opening or using a serial port can come to, as errors with the remedy. The native binding gives messages without codes. */
import { EnvironmentError, SmilecError, UserError } from "../errors.js";

const BUSY = /cannot lock port|resource busy|temporarily unavailable|access denied/i;
const NO_RIGHTS = /permission denied|EACCES|operation not permitted/i;
const NOT_THERE = /no such file|cannot find|ENOENT/i;
const NO_PORT = /inappropriate ioctl|not a tty|is a directory|invalid argument|ENOTTY/i;
/** The last two are pyserial's, when reading finds the end before writing does. */
const VANISHED =
  /no such device|input\/output error|bad file descriptor|EIO|ENXIO|ENODEV|device not configured|device disconnected|returned no data/i;

/** Turns what opening `path` threw into an error a user can act on; `group` owns the port. */
export function openError(thrown: unknown, path: string, group = "dialout"): SmilecError {
  if (thrown instanceof SmilecError) return thrown;
  const message = messageOf(thrown);
  const details = { where: path, cause: thrown };
  if (NO_RIGHTS.test(message)) {
    return new EnvironmentError("no permission to open the port", {
      ...details,
      remedy: `Run \`sudo usermod -a -G ${group} $USER\`, then log out and in again.`,
    });
  }
  if (BUSY.test(message)) {
    return new EnvironmentError("the port is busy: another program has it open", {
      ...details,
      remedy: "Close it (a serial monitor, `smilec monitor`, an IDE; `fuser -v PORT` names it) and try again.",
    });
  }
  if (NOT_THERE.test(message)) {
    return new UserError("there is no such port", {
      ...details,
      remedy: "Connect the board with a cable that carries data; `smilec flash` without --port lists what is there.",
    });
  }
  if (NO_PORT.test(message)) {
    return new UserError("this is no serial port", {
      ...details,
      remedy: "Give the port the board is connected to, such as /dev/ttyUSB0.",
    });
  }
  if (VANISHED.test(message)) return vanished(path, thrown);
  return new EnvironmentError(`the port can't be opened: ${message}`, {
    ...details,
    remedy: "Unplug the board, plug it in again, and try again.",
  });
}

/** The port was there and is gone: cable, hub, or the board's supply broke down. */
export function vanished(path: string, cause?: unknown): EnvironmentError {
  return new EnvironmentError("the port vanished: the board was unplugged, or its USB adapter restarted", {
    where: path,
    remedy: "Check cable and supply (the camera and its lamp draw up to 0.5 A at 5 V), then run the command again.",
    ...(cause === undefined ? {} : { cause }),
  });
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
