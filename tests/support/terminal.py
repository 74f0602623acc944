#!/usr/bin/env python3
"""Runs a command with its standard error on a terminal, and checks that the progress bar stays on one line.

    terminal.py COLUMNS[,COLUMNS] [NAME=VALUE ...] COMMAND...

The terminal has the first number of columns, and the second from half a second on (the window is resized). Prints the
longest state of the line that the bar had, and fails if one was as wide as the terminal, or if the bar began a new line.
"""
import fcntl
import os
import pty
import re
import struct
import sys
import termios
import threading
import time


def resize(descriptor, columns):
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def main():
    widths = [int(width) for width in sys.argv[1].split(",")]
    arguments = sys.argv[2:]
    while "=" in arguments[0]:
        name, value = arguments.pop(0).split("=", 1)
        os.environ[name] = value
    master, slave = pty.openpty()
    resize(master, widths[0])
    child = os.fork()
    if child == 0:
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.dup2(slave, 2)
        os.closerange(3, 100)
        os.execvp(arguments[0], arguments)
    os.close(slave)
    if len(widths) > 1:
        threading.Timer(0.5, resize, (master, widths[1])).start()
    text, states = b"", []
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        text += piece
        states.append((time.monotonic(), text.count(b"\r")))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    plain = text.replace(b"\x1b[K", b"").decode()
    lines = [line for line in re.split("[\r\n]", plain) if line]
    escapes = sorted(set(re.findall("\x1b[^A-Za-z]*[A-Za-z]", plain)))
    broken = plain.replace("\r\n", "").count("\n") + plain.count("\r\n")
    wide = max((len(line) for line in lines), default=0)
    bars = [line for line in lines if "[" in line]
    print(re.sub("[0-9]+", "N", (bars or lines or [""])[0]).replace("#", "."))
    print(f"{'no' if not broken else broken} new line{'s' * (broken != 1)}, "
          f"{'fits' if wide < max(widths) else f'{wide} columns'}, escapes: {' '.join(escapes) or 'none'}, status {status}")
    if len(widths) > 1:
        last = [len(line) for line in lines][-3:]
        print("narrow at the end" if last and max(last) < widths[1] else f"wide at the end: {last}")


main()
