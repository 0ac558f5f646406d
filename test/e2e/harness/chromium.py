# SPDX-License-Identifier: Apache-2.0
"""Debian's Chromium without a screen, driven by its own protocol over a pipe: no port, no driver beside it.

What it says of a page is kept: violations of its Content-Security-Policy, exceptions, and lines of the console."""

import base64
import contextlib
import fcntl
import json
import os
import queue
import shutil
import subprocess
import threading
import time

from . import lifetime, proxy

SECONDS = 60  # the longest wait for anything; two slow processors take long to start it
_KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "ArrowDown": 40, "End": 35}
# Runs before anything of a page: what its policy keeps from happening is counted there, too.
_WATCH = """addEventListener('securitypolicyviolation', (event) => {
  (globalThis.violations = globalThis.violations || []).push(`${event.violatedDirective} ${event.blockedURI}`); });"""


class Browser:
    """One process, with a profile of its own in `folder`."""

    def __init__(self, folder):
        program = shutil.which("chromium")
        assert program is not None, "chromium is not there: test/install.sh --tests installs it"
        folder.mkdir()
        lifetime.remove_at_the_end(folder)
        (its_in, our_out), (our_in, its_out) = os.pipe(), os.pipe()
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20) for fd in (its_in, its_out)]
        for fd in (its_in, its_out):
            os.close(fd)

        def hand_over():  # it reads its commands from 3 and answers on 4
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        options = ["--headless=new", "--remote-debugging-pipe", f"--user-data-dir={folder}", "--no-first-run", "--disable-gpu",
                   "--no-default-browser-check", "--no-proxy-server", "--disable-background-networking", "--disable-sync",
                   "--disable-component-update", "--disable-dev-shm-usage", "--password-store=basic",
                   "--disable-features=Translate,OptimizationHints,MediaRouter", "--hide-scrollbars"]
        if os.geteuid() == 0:
            options.append("--no-sandbox")  # its own sandbox is not what is tested, and root has none
        self.process = subprocess.Popen([program, *options, "about:blank"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, preexec_fn=hand_over, pass_fds=(3, 4),
                                        env=proxy.clean_environment(HOME=folder, XDG_CONFIG_HOME=folder, XDG_CACHE_HOME=folder))
        for fd in high:
            os.close(fd)
        self._out, self._in = os.fdopen(our_out, "wb", 0), os.fdopen(our_in, "rb", 65536)
        self._answers, self._listeners, self._last, self._lock = {}, {}, 0, threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        rest = b""
        with contextlib.suppress(OSError, ValueError):
            while data := self._in.read1(65536):
                *whole, rest = (rest + data).split(b"\0")
                for text in whole:
                    said = json.loads(text)
                    if "id" in said:
                        self._answers[said["id"]].put(said)
                    elif said.get("sessionId") in self._listeners:
                        self._listeners[said["sessionId"]](said["method"], said["params"])

    def call(self, method, session=None, **parameters):
        with self._lock:
            self._last += 1
            number = self._last
            self._answers[number] = queue.Queue()
            said = {"id": number, "method": method, "params": parameters}
            if session:
                said["sessionId"] = session
            self._out.write(json.dumps(said).encode() + b"\0")
        try:
            answer = self._answers[number].get(timeout=SECONDS)
        except queue.Empty:
            raise AssertionError(f"Chromium did not answer {method} in {SECONDS} s") from None
        del self._answers[number]
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def open(self, url, **size):
        """A new tab that shows it."""
        page = Page(self)
        if size:
            page.resize(**size)
        page.go(url)
        return page

    def stop(self):
        with contextlib.suppress(AssertionError, OSError):
            self.call("Browser.close")
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._out.close()


class Page:
    def __init__(self, browser):
        self.browser = browser
        # In a window of its own: of a tab behind another one nothing is drawn, and a picture would wait for that.
        target = browser.call("Target.createTarget", url="about:blank", newWindow=True)["targetId"]
        self.target = target
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.exceptions, self.console, self.log, self.loaded = [], [], [], threading.Event()
        browser._listeners[self.session] = self._heard
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=_WATCH)

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def _heard(self, method, said):
        if method == "Runtime.exceptionThrown":
            self.exceptions.append(said["exceptionDetails"])
        elif method == "Runtime.consoleAPICalled":
            self.console.append([value.get("value", value.get("description")) for value in said["args"]])
        elif method == "Log.entryAdded":
            self.log.append((said["entry"]["source"], said["entry"]["text"]))
        elif method == "Page.loadEventFired":
            self.loaded.set()

    def go(self, url):
        self.loaded.clear()
        went = self.call("Page.navigate", url=url)
        if "loaderId" in went:  # another document
            assert self.loaded.wait(SECONDS), f"{url} did not load in {SECONDS} s"
        return went

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)

    # --- what it shows ---
    def evaluate(self, expression, **options):
        """Its value, awaited if it is a promise."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, **options)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise AssertionError(f"{expression[:200]}: {details.get('exception', {}).get('description', details['text'])}")
        return result["result"].get("value")

    def wait(self, condition, seconds=SECONDS):
        """Until the expression is true; gives its value."""
        end = time.monotonic() + seconds
        while True:
            value = self.evaluate(condition)
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s: {condition}\nshown: {self.text()}\nlog: {self.log} {self.exceptions}")
            time.sleep(0.03)

    def text(self):
        return self.evaluate("document.body ? document.body.innerText : ''")

    def wait_text(self, text, seconds=SECONDS):
        return self.wait(f"document.body && document.body.innerText.includes({json.dumps(text)})", seconds)

    def focused(self):
        """The name by which assistive programs call what has the focus."""
        return self.evaluate("""(() => { const it = document.activeElement; const label = it.labels && it.labels[0];
            return it.getAttribute('aria-label') || (label ? label.textContent : it.textContent); })()""")

    def violations(self):
        """What the page's policy refused, as its window and the browser's log have it."""
        return (self.evaluate("globalThis.violations || []") +
                [text for source, text in self.log if source == "security" or "Content Security Policy" in text])

    # --- as its user ---
    def press(self, key, shift=False):
        code = _KEYS.get(key, ord(key[0]))
        text = {"Enter": "\r", " ": " "}.get(key)
        said = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **said, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **said)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def tab_to(self, name, most=60):
        """By the Tab key alone."""
        for _ in range(most):
            if self.focused().strip() == name:
                return
            self.press("Tab")
        raise AssertionError(f"Tab does not come to {name!r}; shown: {self.text()}")

    def fill(self, label, text):
        self.tab_to(label)
        self.type(text)

    # --- how it looks ---
    def resize(self, width, height=800):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)

    def scheme(self, name):
        """"light" or "dark"."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def picture(self):
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
