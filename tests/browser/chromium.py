"""A browser and what it logs."""

from __future__ import annotations

import json
from typing import Any

from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait


class Browser:
    """A Chromium, and what it logged since it was last asked."""

    def __init__(self, driver: WebDriver) -> None:
        self.driver = driver

    def open(self, address: str, width: int = 1280, height: int = 900) -> None:
        """Go to an address with a fresh log."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.get("about:blank")
        self.requests()
        self.errors()
        self.driver.get(address)

    def until(self, condition: str) -> None:
        """Wait until a JavaScript expression is true."""
        WebDriverWait(self.driver, 300, poll_frequency=0.02).until(
            lambda driver: driver.execute_script(f"return Boolean({condition})")
        )

    def requests(self) -> list[str]:
        """Addresses that were asked for."""
        return [
            one["params"]["request"]["url"]
            for one in self._messages()
            if one["method"] == "Network.requestWillBeSent"
        ]

    def weights(self) -> dict[str, int]:
        """Bytes on the wire, headers too, of each address that was asked for and came."""
        address: dict[str, str] = {}
        found: dict[str, int] = {}
        for one in self._messages():
            given = one["params"]
            if one["method"] == "Network.requestWillBeSent":
                address[given["requestId"]] = given["request"]["url"]
            if one["method"] == "Network.loadingFinished":
                found[address[given["requestId"]]] = int(given["encodedDataLength"])
        return found

    def errors(self) -> list[str]:
        """What the console says."""
        return [one["message"] for one in self._log("browser")]

    def _messages(self) -> list[dict[str, Any]]:
        return [json.loads(one["message"])["message"] for one in self._log("performance")]

    def _log(self, kind: str) -> list[dict[str, str]]:
        log: list[dict[str, str]] = self.driver.get_log(kind)  # type: ignore[no-untyped-call]
        return log
