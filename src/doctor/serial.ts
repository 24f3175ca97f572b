/** May this user open the serial port a board is flashed through? */
import { constants } from "node:fs";
import { access, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Check } from "./checks.js";

/** USB serial adapters as Linux and macOS name them (CP210x, CH340, FTDI, native USB). */
const LINUX_PORT = /^tty(USB|ACM)\d+$/;
const MACOS_PORT = /^cu\.(usb|wch|SLAB)/i;

/** Groups that own serial ports: Debian and Red Hat; Arch. */
const SERIAL_GROUPS = ["dialout", "uucp"];

export interface SerialFacts {
  readonly platform: NodeJS.Platform;
  /** Where device files are; default /dev. */
  readonly devices?: string;
  /** Default /etc/group. */
  readonly groupFile?: string;
  /** Group ids of this process. */
  readonly groups: readonly number[];
  readonly isRoot: boolean;
}

function currentFacts(): SerialFacts {
  return { platform: process.platform, groups: process.getgroups?.() ?? [], isRoot: process.getuid?.() === 0 };
}

/** Looks at the ports that are there; without any, at the group memberships that will matter. */
export async function serialCheck(facts: SerialFacts = currentFacts()): Promise<Check> {
  const devices = facts.devices ?? "/dev";
  const pattern = facts.platform === "darwin" ? MACOS_PORT : LINUX_PORT;
  const ports = (await readdir(devices).catch(() => [])).filter((name) => pattern.test(name)).sort();
  const closed: string[] = [];
  for (const port of ports) {
    const usable = await access(join(devices, port), constants.R_OK | constants.W_OK).then(
      () => true,
      () => false,
    );
    if (!usable) closed.push(port);
  }
  if (closed.length > 0) return closedPorts(devices, closed, facts);
  if (ports.length > 0) return ok(`${ports.map((port) => join(devices, port)).join(", ")} can be opened`);
  if (facts.platform !== "linux" || facts.isRoot) return ok("no board connected; rights are fine");
  return (await isSerialMember(facts)) ? ok("no board connected; group membership is fine") : notAMember(facts);
}

function ok(found: string): Check {
  return { name: "serial port", status: "ok", found, remedy: "" };
}

/** Name of the group that may open the port. */
export async function portGroup(path: string, groupFile?: string): Promise<string> {
  const owner = await stat(path).catch(() => undefined);
  const known = await readGroups(groupFile);
  return known.find((entry) => entry.id === owner?.gid)?.name ?? SERIAL_GROUPS[0];
}

async function closedPorts(devices: string, closed: readonly string[], facts: SerialFacts): Promise<Check> {
  const group = await portGroup(join(devices, closed[0]), facts.groupFile);
  return {
    name: "serial port",
    status: "warn",
    found: `no permission to open ${closed.map((port) => join(devices, port)).join(", ")}`,
    remedy: `Run \`sudo usermod -a -G ${group} $USER\`, then log out and in again.`,
  };
}

async function notAMember(facts: SerialFacts): Promise<Check> {
  const known = await readGroups(facts.groupFile);
  const group = SERIAL_GROUPS.find((name) => known.some((entry) => entry.name === name)) ?? SERIAL_GROUPS[0];
  return {
    name: "serial port",
    status: "warn",
    found: `no board connected, and you are not in the group ${group}`,
    remedy: `Before flashing: \`sudo usermod -a -G ${group} $USER\`, then log out and in again.`,
  };
}

async function isSerialMember(facts: SerialFacts): Promise<boolean> {
  const known = await readGroups(facts.groupFile);
  return known.some((entry) => SERIAL_GROUPS.includes(entry.name) && facts.groups.includes(entry.id));
}

async function readGroups(groupFile: string | undefined): Promise<{ name: string; id: number }[]> {
  const text = await readFile(groupFile ?? "/etc/group", "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => {
    const [name, , id] = line.split(":");
    return id === undefined ? [] : [{ name, id: Number(id) }];
  });
}
