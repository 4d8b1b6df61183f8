"""A browser and what it logs."""

from __future__ import annotations

import json

from selenium.webdriver.chrome.webdriver import WebDriver


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

    def requests(self) -> list[str]:
        """Addresses that were asked for."""
        messages = [json.loads(one["message"])["message"] for one in self._log("performance")]
        return [
            one["params"]["request"]["url"]
            for one in messages
            if one["method"] == "Network.requestWillBeSent"
        ]

    def errors(self) -> list[str]:
        """What the console says."""
        return [one["message"] for one in self._log("browser")]

    def _log(self, kind: str) -> list[dict[str, str]]:
        log: list[dict[str, str]] = self.driver.get_log(kind)  # type: ignore[no-untyped-call]
        return log
