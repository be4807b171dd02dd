#!/usr/bin/env python3
"""The page of a served app, in headless Chromium: it lists the materializers, calls one, and shows what went wrong."""

import http.client
import json
import shutil
import subprocess
import sys
import time
import unittest

from support import HEDDLE, ProgramTest, heddle


class Driver:
    """The few commands of WebDriver that are needed: https://www.w3.org/TR/webdriver2/"""

    def __init__(self, program, browser):
        self.process = subprocess.Popen([program, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = ""
        while "on port" not in line or "successfully" not in line:
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError("chromedriver did not start")
        self.port = int(line.rsplit("on port", 1)[1].strip(" .\n"))
        options = {"binary": browser, "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]}
        self.session = None
        self.session = self.ask("POST", "", {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}})["sessionId"]

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request(method, "/session" + (f"/{self.session}" if self.session else "") + path, None if body is None else json.dumps(body))
        answer = json.loads(connection.getresponse().read())["value"]
        connection.close()
        if isinstance(answer, dict) and "error" in answer:
            raise AssertionError(answer["message"])
        return answer

    def run(self, script):
        return self.ask("POST", "/execute/sync", {"script": script, "args": []})

    def wait(self, script):
        """What the script gives as soon as it is true."""
        deadline = time.time() + 60
        while time.time() < deadline:
            if got := self.run("return " + script):
                return got
            time.sleep(0.05)
        raise AssertionError(f"never true: {script}; the page is {self.run('return document.body.innerText')}")

    def close(self):
        try:
            self.ask("DELETE", "")
        finally:
            self.process.terminate()
            self.process.wait()
            self.process.stdout.close()


class Page(ProgramTest):
    def setUp(self):
        super().setUp()
        driver, browser = shutil.which("chromedriver"), shutil.which("chromium")
        if not driver or not browser:
            self.skipTest("no chromedriver and chromium (Debian: chromium-driver)")
        self.expect(heddle("app", "init", self.folder / "shop"), 0)
        self.server = subprocess.Popen([HEDDLE, "serve", "--addr", "127.0.0.1:0", self.folder / "shop/app.toml"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(lambda: (self.server.kill(), self.server.wait(), self.server.stdout.close()))
        self.url = "http://" + self.server.stdout.readline().rsplit("http://", 1)[1].strip()
        self.page = Driver(driver, browser)
        self.addCleanup(self.page.close)
        self.page.ask("POST", "/url", {"url": self.url})

    def test_a_person_sees_the_materializers_calls_one_and_learns_what_went_wrong(self):
        page = self.page
        rows = page.wait("document.querySelectorAll('tr.op').length == 2 && document.getElementById('ops').innerText")
        self.assertIn("core, read, snapshot", rows)
        self.assertIn('"type":"integer"', rows)
        self.assertEqual(page.run("return document.title"), "starter")
        self.assertEqual(page.run("return document.getElementById('chosen').innerText"), "add")
        page.run("document.getElementById('input').value = '{\"a\": 40, \"b\": 2}'; document.getElementById('call').click()")
        self.assertEqual(page.wait("document.getElementById('output').innerText"), "42")
        self.assertIn("200 in", page.run("return document.getElementById('status').innerText"))
        latency = page.wait("document.querySelector('tr.op').cells[3].innerText == '1' && document.querySelector('tr.op').cells[4].innerText")
        self.assertRegex(latency, "s$")
        page.run("document.querySelectorAll('tr.op')[1].click(); document.getElementById('input').value = '7'; document.getElementById('call').click()")
        self.assertIn("expected a string, there is 7", page.wait("document.getElementById('output').innerText != '42' && document.getElementById('output').innerText"))
        self.assertIn("invalid_input", page.wait("document.getElementById('errors').innerText"))

    def test_what_comes_from_outside_is_text_and_never_markup(self):
        connection = http.client.HTTPConnection(self.url.split("/")[2], timeout=60)
        connection.request("POST", "/op/hello", json.dumps({"<img src=x onerror=document.title='broken'>": 1}))
        connection.getresponse().read()
        connection.close()
        self.page.run("refresh()")
        self.assertIn("invalid_input", self.page.wait("document.getElementById('errors').innerText"))
        self.assertEqual(self.page.run("return document.querySelectorAll('img').length"), 0)
        self.assertEqual(self.page.run("return document.title"), "starter")


if __name__ == "__main__":
    sys.exit(unittest.main())
