"""A real Chromium without a window, driven over the DevTools protocol by a pipe: two file descriptors, no library."""

import base64
import itertools
import json
import os
import select
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.interop.programs import PATIENCE, find, need

Event = dict[str, Any]


class Chromium:
    """One browser with one page. `errors` is what its console complained of, and every uncaught exception."""

    def __init__(self, folder: Path, width: int = 1440, height: int = 900) -> None:
        need("chromium")
        self.errors: list[str] = []
        self._numbers = itertools.count(1)
        self._rest = b""
        self._answers: dict[int, Event] = {}
        from_us, self._to = os.pipe()
        self._from, to_us = os.pipe()
        command = [
            find("chromium"), "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu",
            "--no-first-run", "--disable-background-networking", "--disable-dev-shm-usage", "--hide-scrollbars",
            "--lang=en-US", f"--user-data-dir={folder}", f"--window-size={width},{height}", "about:blank",
        ]  # fmt: skip
        shell = ["bash", "-c", f'exec "$@" 3<&{from_us} 4>&{to_us}', "chromium", *command]
        self._process = subprocess.Popen(
            shell,
            pass_fds=(from_us, to_us),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(from_us)
        os.close(to_us)
        self._session = ""
        self._attach(width, height)

    def _attach(self, width: int, height: int) -> None:
        target = self.tell("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.tell(f"{domain}.enable")
        self.tell(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def tell(self, method: str, **params: Any) -> Any:
        """One command of the protocol, and its result."""
        number = next(self._numbers)
        message: Event = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + 2 * PATIENCE
        while number not in self._answers:
            self._hear(end)
        answer = self._answers.pop(number)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def _hear(self, end: float) -> None:
        ready, _, _ = select.select([self._from], [], [], max(0.0, end - time.monotonic()))
        assert ready, "the browser does not answer"
        data = os.read(self._from, 2**20)
        assert data, "the browser ended"
        *messages, self._rest = (self._rest + data).split(b"\0")
        for text in messages:
            message = json.loads(text)
            if "id" in message:
                self._answers[message["id"]] = message
            else:
                self._notice(message["method"], message["params"])

    def _notice(self, method: str, params: Event) -> None:
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.errors.append(" ".join(str(one.get("value")) for one in params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.errors.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")

    # --- what a person does

    def open(self, url: str) -> None:
        """Go to a page."""
        self.tell("Page.navigate", url=url)

    def run(self, script: str) -> Any:
        """The value of an expression in the page; a promise is waited for."""
        answer = self.tell("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, condition: str, seconds: float = PATIENCE) -> Any:
        """Wait for an expression to become true, looking after each frame; its value."""
        script = f"""new Promise((done, fail) => {{
            const end = performance.now() + {seconds * 1000};
            const look = () => {{ const found = {condition};
                if (found) done(found); else if (performance.now() > end) fail(document.body.innerText.slice(0, 3000));
                else setTimeout(look, 15); }};
            look(); }})"""
        answer = self.tell("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        told = answer["result"].get("value")
        assert "exceptionDetails" not in answer, (
            f"not within {seconds:g} s: {condition}; the page says: {told}"
        )
        return told

    def sees(self, text: str, where: str = "main") -> None:
        """Wait until a text stands on the page."""
        self.until(f"document.querySelector({json.dumps(where)})?.textContent.includes({json.dumps(text)})")

    def click(self, selector: str, text: str = "") -> None:
        """Press the first element of a selector, with that text, when it is there and may be pressed."""
        wanted = f"one.textContent.includes({json.dumps(text)}) && !one.disabled"
        found = f"[...document.querySelectorAll({json.dumps(selector)})].find(one => {wanted})"
        event = "new MouseEvent('click', {bubbles: true, cancelable: true})"
        self.until(f"{found} && ({found}.dispatchEvent({event}), true)")

    def press(self, key: str) -> None:
        """A key of the keyboard."""
        code = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowDown": 40, "ArrowUp": 38}[key]
        more = {"text": "\r"} if key == "Enter" else {}
        self.tell("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **more)
        self.tell("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def type(self, text: str) -> None:
        """Into what has the keyboard."""
        self.tell("Input.insertText", text=text)

    def picture(self, path: Path) -> None:
        """What the window shows, as PNG."""
        path.write_bytes(base64.b64decode(self.tell("Page.captureScreenshot", format="png")["data"]))

    def close(self) -> None:
        """End the browser."""
        for descriptor in (self._to, self._from):
            os.close(descriptor)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, 9)
            self._process.wait()
