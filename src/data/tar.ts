/** POSIX ustar archives (IEEE Std 1003.1, "pax", "ustar Interchange Format") of small files; equal contents give equal bytes. */
import { type FileHandle, open } from "node:fs/promises";

const TAR_BLOCK = 512;
const FLUSH_AT = 1 << 20;

/** The header block of a regular file: mode 0644, owner 0, modified at 0. `name` is ASCII, at most 100 characters; `size` in bytes. */
function tarHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(TAR_BLOCK);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  header.write(name, 0, 100, "latin1");
  header.write(`${octal(0o644, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`, 100, "latin1");
  header.write(`${octal(size, 11)}\0${octal(0, 11)}\0`, 124, "latin1");
  header.write("        0", 148, "latin1");
  header.write("ustar\x0000", 257, "latin1");
  header.write(`${octal(0, 7)}\0${octal(0, 7)}\0`, 329, "latin1");
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${octal(checksum, 6)}\0 `, 148, "latin1");
  return header;
}

/** Appends files to an archive; writes in large pieces. */
export class TarWriter {
  private pending: Uint8Array[] = [];
  private pendingBytes = 0;
  /** Bytes of the archive so far. */
  private length = 0;

  private constructor(private readonly file: FileHandle) {}

  /** Creates the archive; fails if there is one. */
  static async create(path: string): Promise<TarWriter> {
    return new TarWriter(await open(path, "wx"));
  }

  /** Appends a file made of `parts`; returns the offset of its first byte in the archive. */
  async add(name: string, ...parts: readonly Uint8Array[]): Promise<number> {
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    const offset = this.length + TAR_BLOCK;
    const padding = Buffer.alloc((TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK);
    await this.write(tarHeader(name, size), ...parts, padding);
    return offset;
  }

  /** Writes the two zero blocks of the end and makes the archive durable. */
  async finish(): Promise<void> {
    await this.write(Buffer.alloc(2 * TAR_BLOCK));
    await this.flush();
    await this.file.sync();
    await this.file.close();
  }

  /** Closes an archive that will be thrown away. */
  async abandon(): Promise<void> {
    await this.file.close();
  }

  private async write(...parts: readonly Uint8Array[]): Promise<void> {
    for (const part of parts) {
      this.pending.push(part);
      this.pendingBytes += part.length;
      this.length += part.length;
    }
    if (this.pendingBytes >= FLUSH_AT) await this.flush();
  }

  private async flush(): Promise<void> {
    const bytes = Buffer.concat(this.pending);
    this.pending = [];
    this.pendingBytes = 0;
    for (let done = 0; done < bytes.length; ) done += (await this.file.write(bytes, done)).bytesWritten;
  }
}
