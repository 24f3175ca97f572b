"""A board in download mode on a pseudo-terminal, with the faults that boards and cables have.

The conversation is esp32-mock-bootloader's (registers and opcodes from Espressif's esptool); this adds the terminal, the flash's contents and the faults.
Prints the terminal's path as the first line: a link of its own, since the number of a terminal that vanished is soon another's. Ends when standard input closes, and then writes the flash's contents to --dump.

    rom_loader.py --chip esp32 [--flash-id 0x164020] [--register ADDRESS=VALUE] [--dump FILE] [--fault NAME[=BYTES]]

Faults: silent (never answers), app (prints the boot log of a normal start), deaf (prints that of download mode), noise (binary and text before the
first answer), vanish=N (the port is gone after N bytes were received), brownout=N (after N bytes the board restarts), stuck=N (silent after N bytes),
worn (one bit of the flash does not hold).
"""

import argparse
import errno
import os
import pty
import select
import socket
import sys
import tempfile
import threading
import tty

from esp32_mock_bootloader import protocol, registers, server

BOOT = b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:%s\r\n"
APP_BOOT = BOOT % b"0x13 (SPI_FAST_FLASH_BOOT)" + b"configsip: 0, SPIWP:0xee\r\n"
DOWNLOAD_BOOT = BOOT % b"0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))" + b"waiting for download\r\n"
BROWNOUT = b"\r\nBrownout detector was triggered\r\n\r\n" + APP_BOOT


class Line:
    """The master side of the terminal, as esp32-mock-bootloader wants a connection."""

    def __init__(self, fault: str, after: int) -> None:
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.folder = tempfile.TemporaryDirectory(prefix="rom-loader-")
        self.port = os.path.join(self.folder.name, "ttyUSB0")
        os.symlink(os.ttyname(self.slave), self.port)
        self.fault, self.after, self.received, self.answered = fault, after, 0, False

    def set_timeout(self, _timeout: float) -> None:
        pass

    def ignore_eof_for_disconnect(self) -> bool:
        return True

    def abort_empty_session(self) -> bool:
        return False

    def close(self) -> None:
        pass

    def recv(self, size: int) -> bytes:
        if not select.select([self.master], [], [], 0.05)[0]:
            raise socket.timeout
        try:
            chunk = os.read(self.master, size)
        except OSError as error:
            if error.errno == errno.EIO:
                return b""
            raise
        self.received += len(chunk)
        return self.deliver(chunk)

    def deliver(self, chunk: bytes) -> bytes:
        if self.fault in ("app", "deaf") and self.received == len(chunk):
            os.write(self.master, APP_BOOT if self.fault == "app" else DOWNLOAD_BOOT)
        if self.fault in ("silent", "app", "deaf"):
            raise socket.timeout
        if self.fault in ("vanish", "brownout", "stuck") and self.received >= self.after:
            if self.fault == "vanish":
                os.unlink(self.port)
                os.close(self.slave)
                os.close(self.master)
                raise OSError(errno.EIO, "unplugged")
            if self.fault == "brownout" and self.received - len(chunk) < self.after:
                os.write(self.master, BROWNOUT)
            raise socket.timeout
        return chunk

    def sendall(self, data: bytes) -> None:
        if self.fault == "noise" and not self.answered:
            os.write(self.master, DOWNLOAD_BOOT + bytes([0xC0, 0xDB, 0x00, 0xFF, 0xC0, 0x55, 0x01]))
        self.answered = True
        while data:
            data = data[os.write(self.master, data) :]


class WornFlash(server.FlashImage):
    def md5_stub_response(self, payload: bytes, *, stub: bool = False) -> bytes:
        self.data[int.from_bytes(payload[:4], "little")] ^= 0x10
        return super().md5_stub_response(payload, stub=stub)


def parse_register(text: str) -> tuple[int, int]:
    address, value = text.split("=")
    return int(address, 0), int(value, 0)


def set_registers(values: dict[int, int]) -> None:
    usual = registers.read_reg_value
    registers.read_reg_value = lambda chip, address: values.get(address, usual(chip, address))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--chip", default="esp32")
    parser.add_argument("--flash-id", type=lambda text: int(text, 0))
    parser.add_argument("--register", action="append", default=[], help="what an eFuse or other register holds")
    parser.add_argument("--dump")
    parser.add_argument("--fault", default="none")
    options = parser.parse_args()
    if options.flash_id is not None:
        protocol.MOCK_FLASH_ID = options.flash_id
    set_registers(dict(map(parse_register, options.register)))
    fault, _, after = options.fault.partition("=")
    line = Line(fault, int(after or 0))
    flash = WornFlash() if fault == "worn" else server.FlashImage()
    stop = threading.Event()
    sys.stdout.write(line.port + "\n")
    sys.stdout.flush()
    board = threading.Thread(
        target=server.handle_client, args=(line, stop, options.chip), kwargs={"exit_on_disconnect": True, "flash": flash}
    )
    board.start()
    sys.stdin.read()
    stop.set()
    board.join()
    if options.dump is not None:
        with open(options.dump, "wb") as file:
            file.write(flash.data)
    line.folder.cleanup()


main()
