"""Loaded by Python before the emulator: two changes that it has no settings for."""

import os
import re
import socketserver
import subprocess

# The runtime API otherwise answers with Nagle's delay, some 44 ms per hop.
socketserver.StreamRequestHandler.disable_nagle_algorithm = True


class _Tee:
    """A function's output, line by line also into a file of its own.

    The emulator shows output when the invocation ends, which for a looping function is a minute
    later; `cargo local logs` wants it now.
    """

    def __init__(self, stream, path):
        self._stream = stream
        self._copy = open(path, "ab", buffering=0)

    def readline(self, *arguments):
        line = self._stream.readline(*arguments)
        self._copy.write(line)
        return line

    def close(self):
        self._copy.close()
        self._stream.close()

    def __getattr__(self, name):
        return getattr(self._stream, name)


class _Popen(subprocess.Popen):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        folder = os.environ.get("OMS_FUNCTION_LOGS")
        function = (options.get("env") or {}).get("AWS_LAMBDA_FUNCTION_NAME")
        if folder and function and self.stdout:
            name = re.sub(r"[^a-z0-9-]", "", function.removeprefix("oms-"))
            self.stdout = _Tee(self.stdout, os.path.join(folder, name + ".log"))


subprocess.Popen = _Popen
