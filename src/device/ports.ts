/** Which serial ports there are, and behind which of them a board may sit. */
import { readdir, readFile, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface SerialPortInfo {
  /** Device file, such as /dev/ttyUSB0. */
  readonly path: string;
  /** USB vendor and product number; absent for ports that are not on USB. */
  readonly usb?: { readonly vendor: number; readonly product: number };
  /** What the adapter calls itself. */
  readonly name?: string;
  /** The chip that makes the port, when boards are known to have it. */
  readonly adapter?: string;
}

/**
 * USB vendor:product of what ESP32 boards and their programming adapters have. Sources: the Linux drivers cp210x.c, ch341.c, cdc-acm.c, ftdi_sio.c and
 * pl2303.c.
 */
const ADAPTERS: readonly (readonly [chip: string, usb: readonly string[]])[] = [
  ["CP210x", ["10c4:ea60", "10c4:ea70", "10c4:ea71"]],
  ["CH340", ["1a86:7523", "1a86:7522", "1a86:5523"]],
  ["CH343", ["1a86:55d3"]],
  ["CH9102", ["1a86:55d4"]],
  ["FTDI", ["0403:6001", "0403:6010", "0403:6011", "0403:6014", "0403:6015"]],
  ["PL2303", ["067b:2303", "067b:23a3"]],
];

/** Vendor number of the chips' own USB port (USB Serial/JTAG, USB-OTG); the product number is Espressif's or the board's. */
const ESPRESSIF_VENDOR = 0x303a;

/** The adapter's chip, or undefined for USB devices that are no programming adapter. */
function adapterOf(usb: { readonly vendor: number; readonly product: number }): string | undefined {
  if (usb.vendor === ESPRESSIF_VENDOR) return "Espressif USB";
  return ADAPTERS.find(([, known]) => known.includes(usbNumbers(usb)))?.[0];
}

function usbNumbers({ vendor, product }: { readonly vendor: number; readonly product: number }): string {
  return [vendor, product].map((value) => value.toString(16).padStart(4, "0")).join(":");
}

export interface PortSource {
  readonly platform: NodeJS.Platform;
  /** Default /sys/class/tty. */
  readonly sysfs?: string;
  /** Default /dev. */
  readonly devices?: string;
}

/** All serial ports, those of known adapters first. On Linux from sysfs: it needs neither udev nor the native binding. */
export async function listPorts(source: PortSource = { platform: process.platform }): Promise<SerialPortInfo[]> {
  const found = source.platform === "linux" ? await linuxPorts(source) : await bindingPorts();
  const order = (port: SerialPortInfo) => (port.adapter === undefined ? 1 : 0);
  return found.sort((a, b) => order(a) - order(b) || a.path.localeCompare(b.path, "en", { numeric: true }));
}

/** Ports a board may be behind: known adapters if there are any, else everything on USB. */
export function boardPorts(ports: readonly SerialPortInfo[]): readonly SerialPortInfo[] {
  const known = ports.filter((port) => port.adapter !== undefined);
  return known.length > 0 ? known : ports.filter((port) => port.usb !== undefined);
}

async function linuxPorts({ sysfs = "/sys/class/tty", devices = "/dev" }: PortSource): Promise<SerialPortInfo[]> {
  const ports: SerialPortInfo[] = [];
  for (const name of await readdir(sysfs).catch(() => [])) {
    if (!/^tty(USB|ACM|AMA|S|WCH)\d+$/.test(name)) continue;
    // Only ports with hardware have a device; of the 8250's, those without are placeholders named "serial8250" or of type 0.
    const device = await realpath(join(sysfs, name, "device")).catch(() => undefined);
    if (device === undefined || (await text(join(sysfs, name, "type"))) === "0") continue;
    ports.push({ path: join(devices, name), ...(await usbFacts(device)) });
  }
  return ports;
}

/** The USB device is some levels above the interface that the port belongs to. */
async function usbFacts(device: string): Promise<Omit<SerialPortInfo, "path">> {
  for (let folder = device; folder !== dirname(folder); folder = dirname(folder)) {
    const vendor = Number.parseInt((await text(join(folder, "idVendor"))) ?? "", 16);
    const product = Number.parseInt((await text(join(folder, "idProduct"))) ?? "", 16);
    if (Number.isNaN(vendor) || Number.isNaN(product)) continue;
    return facts(vendor, product, await text(join(folder, "product")));
  }
  return {};
}

function facts(vendor: number, product: number, name: string | undefined): Omit<SerialPortInfo, "path"> {
  const adapter = adapterOf({ vendor, product });
  return {
    usb: { vendor, product },
    ...(name === undefined || name === "" ? {} : { name }),
    ...(adapter === undefined ? {} : { adapter }),
  };
}

async function text(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").then(
    (contents) => contents.trim(),
    () => undefined,
  );
}

async function bindingPorts(): Promise<SerialPortInfo[]> {
  const { loadSerialPort } = await import("./serial-line.js");
  const { SerialPort } = await loadSerialPort();
  return (await SerialPort.list()).map(({ path, vendorId, productId, manufacturer }) => {
    const [vendor, product] = [Number.parseInt(vendorId ?? "", 16), Number.parseInt(productId ?? "", 16)];
    // macOS has two files for each port; opening tty.* waits for a carrier that never comes.
    const usable = path.replace(/^\/dev\/tty\./, "/dev/cu.");
    if (Number.isNaN(vendor) || Number.isNaN(product)) return { path: usable };
    return { path: usable, ...facts(vendor, product, manufacturer) };
  });
}

/** "/dev/ttyUSB0  CH340 (USB Serial), 1a86:7523" */
export function describePort({ path, usb, name, adapter }: SerialPortInfo): string {
  if (usb === undefined) return `${path}  not on USB`;
  const known = adapter === undefined ? (name ?? "unknown") : name === undefined ? adapter : `${adapter} (${name})`;
  return `${path}  ${known}, ${usbNumbers(usb)}`;
}
