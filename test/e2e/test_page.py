# SPDX-License-Identifier: Apache-2.0
"""The page in Debian's Chromium: from the first set-up to a live decision, by the keyboard alone, on a small screen, in
the dark; what it shows of an attacker's text; and what a page on another port of this machine gets to do (nothing).

Pictures of what was tested go to the build folder, page/*.png."""

import http.server
import json
import socketserver
import threading

from harness import chromium, packages
from harness.case import H, H2, K, K2, P, main
from test_management import AUTH, PASSWORD, Managed

PICTURES = packages.BUILD / "page"
# Each view: its heading, and when it is there.
VIEWS = {"live": ("Live decisions", "main li"), "secrets": ("Secrets", "main li"), "limits": ("Limits", "main meter"),
         "bindings": ("Bindings", "pre .line"), "status": ("Status", "main dd")}


class Paged(Managed):
    """A managed proxy, a browser, and a look at every page that was opened."""

    value = "sk-live-Pp5+Qq6/Rr7=Ss8%26Tt9&Uu0vV1wW2x"
    secrets = {**Managed.secrets, "the value typed in": value}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = chromium.Browser(cls.scratch / "chromium")
        cls.addClassCleanup(cls.browser.stop)
        PICTURES.mkdir(parents=True, exist_ok=True)

    @classmethod
    def policy(cls, **scope):
        return super().policy(quota={"requests": 1000, "per": "day"}, **scope)

    @property
    def base(self):
        return f"http://127.0.0.1:{self.managed.managed}/"

    def open(self, behind="", width=1000):
        """The page; when the test ends, its policy must have refused nothing, and nothing must have been thrown."""
        page = self.browser.open(self.base + behind, width=width)

        def look_back():
            self.assertEqual(page.violations(), [])
            self.assertEqual((page.exceptions, page.console), ([], []))
            self.note("what the page holds", page.evaluate("document.documentElement.outerHTML"))
            self.note("what it keeps", page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])"))
            page.close()

        self.addCleanup(look_back)
        return page

    def ui(self):
        """What `keyswap ui` prints; its code is in no other output."""
        printed = self.template.must("ui", "--no-browser", unlock=True).stdout.decode()
        return printed.split()[0].removeprefix(self.base)

    def open_logged_in(self, **options):
        page = self.open(self.ui(), **options)
        page.wait_text("Live decisions")
        return page

    def show(self, page, view):
        page.evaluate(f"location.hash = '{view}'")
        heading, there = VIEWS[view]
        page.wait(f"document.querySelector('h1')?.textContent === '{heading}' && document.querySelector('{there}') !== null")

    def picture(self, page, name):
        (PICTURES / f"{name}.png").write_bytes(page.picture())

    def ask(self, target, fields=AUTH, host=H):
        answer = self.managed.ask(host, "GET", target, fields)
        self.note("answer", answer.raw_head + answer.body)
        return answer


class FirstUse(Paged):
    def test_from_the_set_up_to_a_live_decision_by_the_keyboard_alone(self):
        """[I1] No mouse; the code leaves the address at once, and no value is anywhere in the page afterwards."""
        page = self.open(self.ui(), width=900)
        page.wait_text("Set up this page")
        self.assertEqual(page.evaluate("location.href"), self.base)
        self.picture(page, "set-up")
        page.fill("New password", PASSWORD)
        page.fill("The same password again", PASSWORD + "s")
        page.press("Enter")
        page.wait_text("The two passwords differ.")
        page.evaluate("document.activeElement.select()")
        page.type(PASSWORD)
        page.press("Enter")
        page.wait_text("No request has come yet.")
        page.wait_text("keyswap run -- curl")
        self.assertEqual(page.focused(), "Live decisions")
        self.assertEqual(self.ask("/first?q=1").status, 200)
        page.wait_text(f"{H}/first")
        self.assertEqual(self.ask("/elsewhere", host=H2).status, 200)
        page.wait_text("destination_not_in_binding")
        self.picture(page, "live")

        page.tab_to("Filter")
        page.type("~k denied & ~d second")
        page.wait("document.querySelectorAll('main li').length === 1")
        page.type(" ~q")
        page.wait_text("~q is no term")
        self.assertEqual(page.evaluate("document.activeElement.getAttribute('aria-invalid')"), "true")
        page.evaluate("document.activeElement.select()")
        page.type("~d no-such")
        page.wait_text("Nothing of that kind.")
        page.evaluate("document.activeElement.select()")
        page.type("/first")
        page.wait("document.querySelectorAll('main li').length === 1")
        page.press("Tab")
        page.press("Tab")
        page.press("Enter")  # opens the row
        page.wait_text("destination.path")
        page.wait_text(f"keyswap bindings explain GET https://{H}/first")

        page.tab_to("Secrets")
        page.press("Enter")
        page.wait_text(K)
        page.fill("Name", K2)
        page.fill("Service", "second")
        page.fill("Value", self.value)
        page.press("Enter")
        page.wait_text(f"{K2} was added.")
        self.assertEqual(page.focused(), "Name")
        self.assertNotIn(self.value, page.evaluate("document.documentElement.outerHTML"))
        page.wait(f"[...document.querySelectorAll('li')].some((one) => one.textContent.includes({json.dumps(P)}))")
        self.picture(page, "secrets")
        page.tab_to(f"Rotate {K2}")
        page.press("Enter")
        page.fill(f"New value of {K2}", self.value + "y")
        page.press("Enter")
        page.wait_text("has another value")
        page.tab_to(f"Remove {K2}")
        page.press("Enter")
        page.wait_text("Its value is gone then")
        self.assertEqual(page.focused(), "Cancel")
        self.assertTrue(page.evaluate("document.querySelector('dialog .danger').disabled"))  # for half a second
        page.press("Escape")
        page.wait("document.querySelector('dialog') === null")
        page.tab_to(f"Remove {K2}")
        for act in ("Remove", "Remove all the same"):
            page.press("Enter")
            page.wait(f"[...document.querySelectorAll('dialog .danger')].some((it) => it.textContent === '{act}' && !it.disabled)")
            page.tab_to(act)
        page.press("Enter")
        page.wait_text(f"{K2} was removed.")
        told = [(r["action"], r["object"]) for r in self.managed.records() if r["type"] == "managed"]
        self.assertEqual([one for one in told if one[0].startswith("secret_")],
                         [("secret_added", K2), ("secret_rotated", K2), ("secret_removed", K2)])

        page.tab_to("Status")
        page.press("Enter")
        page.wait_text("takes records")
        page.tab_to("Verify the log")
        page.press("Enter")
        page.wait("document.querySelector('section [role=status] dl') !== null")
        self.picture(page, "status")
        page.tab_to("Log out")
        page.press("Enter")
        page.wait_text("Log in")
        page.type("a wrong password")
        page.press("Enter")
        page.wait_text("Invalid password.")
        page.type(PASSWORD)
        page.press("Enter")
        page.wait_text("Status")
        self.assertIsNone(page.evaluate("document.querySelector('input[type=password]')"))


class SetUp(Paged):
    """The password is there; each test is let in by a code of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_up(cls.managed, cls.code)

    def test_a_code_opens_the_page_once(self):
        code = self.ui()
        self.assertRegex(code, r"^#code=[A-Za-z0-9_-]{43}$")
        page = self.open(code)
        page.wait_text("Live decisions")
        self.assertEqual(page.evaluate("location.href"), self.base)
        second = self.open(code)
        second.wait_text("The code is used or too old.")
        self.assertEqual(second.evaluate("Object.keys(sessionStorage).length"), 0)  # a tab has its own
        newer = self.ui()
        second.evaluate(f"location.hash = '{newer}'")
        second.wait_text("Live decisions")

    def test_a_session_that_ends_elsewhere_leads_to_the_log_in(self):
        """What was shown is gone, on its own where it is live."""
        page = self.open_logged_in()
        token = json.loads(page.evaluate("sessionStorage.getItem('keyswap-session')"))["token"]
        self.assertEqual(self.say(self.managed, "POST", "/api/auth/logout", {}, token=token).status, 200)
        page.wait_text("The session has ended.")
        self.assertEqual(page.evaluate("document.querySelectorAll('main li').length"), 0)
        self.assertEqual(page.evaluate("Object.keys(sessionStorage).length"), 0)

    def test_who_may_only_look_is_offered_nothing_else(self):
        page = self.open()
        page.wait_text("Log in")
        viewer = {"token": self.token(self.managed, "view"), "scope": "view"}
        page.evaluate(f"sessionStorage.setItem('keyswap-session', JSON.stringify({json.dumps(viewer)}))")
        page.call("Page.reload")
        page.wait_text("Live decisions")
        self.show(page, "secrets")
        page.wait_text(K)
        self.assertEqual(page.evaluate("document.querySelectorAll('main button, main form').length"), 0)

    def test_it_says_what_is_left_and_why(self):
        """Limits, the file of bindings, and what becomes of a request, also of one that has come."""
        page = self.open_logged_in()
        self.ask("/why", host=H2)
        page.tab_to("Filter")
        page.type("~p /why")
        page.wait("document.querySelectorAll('main li').length === 1")
        page.evaluate("document.querySelector('summary').focus()")
        page.press("Enter")
        page.tab_to("Explain")
        page.press("Enter")
        page.wait(f"document.querySelector('details [role=status]').innerText.includes('{K2}')")
        self.ask("/counted")
        self.show(page, "limits")
        page.wait_text("of 1000 requests used today")
        self.picture(page, "limits")
        self.show(page, "bindings")
        page.wait_text("in force")
        page.wait_text("unmatched_destination_policy")
        page.fill("URL", f"https://{H}/v1/x")
        page.press("Enter")
        page.wait_text("is swapped in")
        self.picture(page, "bindings")
        (self.template.path / "bindings.yaml").write_text((self.template.path / "bindings.yaml").read_text() + "# more\n")
        self.show(page, "status")
        self.show(page, "bindings")
        page.wait_text("changed, and not in force")

    def test_an_attackers_text_is_text(self):
        """In a path, a caller's agent, and the name of a service."""
        page = self.open_logged_in()
        evil = "<img/src=x/onerror=globalThis.owned=1>"
        fields = [*AUTH, ("User-Agent", evil)]
        self.ask(f"/%22%3E{evil}", fields)
        page.wait_text(evil)
        token = self.token(self.managed)
        added = self.say(self.managed, "POST", "/api/credentials",
                         {"service": evil, "name": "EVIL", "key": self.value}, token=token)
        self.assertEqual(added.status, 201)
        page.evaluate("document.querySelector('summary').click()")
        page.wait_text("destination.path")
        self.show(page, "secrets")
        page.wait_text(evil)
        self.assertIsNone(page.evaluate("globalThis.owned"))
        self.assertEqual(page.evaluate("document.querySelectorAll('img, iframe, object').length"), 0)
        row = next(one for one in json.loads(self.say(self.managed, "GET", "/api/credentials", token=token).body)
                   if one["name"] == "EVIL")
        self.say(self.managed, "DELETE", f"/api/credentials/{row['id']}?force=true", token=token)

    def test_it_is_usable_at_360_pixels_and_in_the_dark(self):
        """And axe-core finds nothing, in no view, in neither colour."""
        axe = (packages.installed("page") / "node_modules" / "axe-core" / "axe.min.js").read_text()
        self.assertEqual(self.ask("/looks/" + "long" * 60).status, 200)
        stranger = self.open(width=360)
        stranger.wait_text("Log in")
        page = self.open_logged_in(width=360)
        for scheme in ("light", "dark"):
            for where, view in ((stranger, None), *((page, view) for view in VIEWS)):
                with self.subTest(scheme=scheme, view=view):
                    where.scheme(scheme)
                    if view:
                        self.show(where, view)
                    self.assertLessEqual(where.evaluate("document.documentElement.scrollWidth"), 360)
                    self.picture(where, f"{view or 'log-in'}-360-{scheme}")
                    where.evaluate(axe + ";0")
                    found = where.evaluate("""axe.run().then((run) => run.violations.map(
                        (one) => [one.id, one.impact, one.nodes.map((node) => node.html)]))""")
                    self.assertEqual(found, [])

    def test_the_log_is_exported_from_the_page(self):
        page = self.open_logged_in()
        folder = self.work / "downloads"
        folder.mkdir()
        self.browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        self.show(page, "status")
        page.tab_to("Export as CSV")
        page.press("Enter")
        page.wait("document.querySelector('.problem').textContent === ''")

        def is_there():
            return [file for file in folder.glob("audit-log-*.csv") if b"\n" in file.read_bytes()]

        for _ in range(200):
            if is_there():
                break
            page.evaluate("new Promise((done) => setTimeout(done, 50))")
        self.assertEqual(len(is_there()), 1)


class Command(Managed):
    """`keyswap ui` where there is no page to open."""

    def said(self, home):
        done = home.run("ui", "--no-browser", unlock=True)
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        return done.stderr.decode()

    def test_it_says_why_there_is_none_and_what_helps(self):
        home = self.copy_home(self.template, "ui")
        self.assertIn("no proxy runs on this home", self.said(home))
        for options, text in (((), "has no management listener"),
                              (("--manage", f"unix:{self.work / 'ui.sock'}"), "no browser comes to unix:")):
            running = self.start(home, options=options)
            said = self.said(home)
            self.assertIn(text, said)
            self.assertIn("--manage 127.0.0.1:8474", said)
            self.assertEqual(running.stop(), 0)

    def test_the_code_goes_to_this_machine_alone(self):
        """[I12] Also where somebody else wrote the file that says where the proxy listens."""
        home = self.copy_home(self.template, "led_astray")
        self.serve(home)
        file = home.path / "serve.lock"
        told = json.loads(file.read_text())
        for where in ("evil.test:80", "192.0.2.1:80", "127.0.0.1:8474@evil.test:80", "127.0.0.1.evil.test:80", "unix:"):
            with self.subTest(where):
                file.write_text(json.dumps({**told, "manage": where}))
                done = home.run("ui", "--no-browser", unlock=True)
                self.assertEqual((done.returncode, done.stdout), (3, b""))
                self.assertIn(b"does not say an address of this machine", done.stderr)


class Attacker(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """A web site on another port of this machine: the same site to cookies, another origin to us."""
    daemon_threads = True
    html = b""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(self.server.html)

        def log_message(self, *_):
            pass

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class AnotherPort(Paged):
    """[I12] What a page on another port of this machine tries, with a session open beside it in the same browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_up(cls.managed, cls.code)
        cls.attacker = Attacker()
        cls.addClassCleanup(cls.attacker.server_close)
        cls.addClassCleanup(cls.attacker.shutdown)

    def visit(self, html="<!doctype html><p>here"):
        self.attacker.html = html.encode()
        page = self.browser.open(f"http://127.0.0.1:{self.attacker.server_address[1]}/")
        self.addCleanup(page.close)
        return page

    def managed_records(self):
        return [(r["action"], r["outcome"]) for r in self.managed.records() if r["type"] == "managed"]

    def test_it_reads_nothing_and_changes_nothing(self):
        self.open_logged_in()
        before = self.managed_records()
        token = self.token(self.managed)
        page = self.visit()
        secret = json.dumps({"service": "s", "name": "PLANTED", "key": "x"})
        for name, script in {
                "reads": f"fetch('{self.base}api/auth/status').then((got) => got.text())",
                "reads the page": f"fetch('{self.base}').then((got) => got.text())",
                "reads with a token": f"fetch('{self.base}api/credentials', {{headers: {{Authorization: 'Bearer {token}'}}}})"
                                      ".then((got) => got.text())",
                "posts JSON": f"fetch('{self.base}api/credentials', {{method: 'POST', headers: {{'Content-Type': "
                              f"'application/json', Authorization: 'Bearer {token}'}}, body: {json.dumps(secret)}}})"
                              ".then((got) => got.text())",
                "posts text": f"fetch('{self.base}api/auth/login', {{method: 'POST', body: '{{}}'}}).then((got) => got.text())",
                "deletes": f"fetch('{self.base}api/auth/sessions/a', {{method: 'DELETE'}}).then((got) => got.text())"}.items():
            with self.subTest(name):
                self.assertEqual(page.evaluate(f"{script}.catch((wrong) => 'kept out: ' + wrong.name)"), "kept out: TypeError")
        with self.subTest("sends what it cannot read"):
            kind = page.evaluate(f"""fetch('{self.base}api/reload', {{method: 'POST', mode: 'no-cors', body: '{{}}'}})
                .then((got) => got.type, (wrong) => wrong.name)""")
            self.assertIn(kind, ("opaque", "TypeError"))
        with self.subTest("listens"):
            self.assertEqual(page.evaluate(f"""new Promise((done) => {{ const source = new EventSource('{self.base}api/audit/stream');
                source.onerror = () => {{ source.close(); done('kept out'); }}; source.onopen = () => done('open'); }})"""), "kept out")
        with self.subTest("loads its script"):
            self.assertEqual(page.evaluate(f"""new Promise((done) => {{ const it = document.createElement('script');
                it.src = '{self.base}page.js'; it.onload = () => done('loaded'); it.onerror = () => done('kept out');
                document.head.append(it); }})"""), "kept out")
        self.assertEqual([one for one in self.managed_records() if one not in before and one[0] != "login"], [])
        listed = json.loads(self.say(self.managed, "GET", "/api/credentials", token=token).body)
        self.assertEqual([one["name"] for one in listed], [K])

    def test_a_form_of_its_gets_nowhere(self):
        before = self.managed_records()
        page = self.visit(f"""<!doctype html><form method="post" enctype="text/plain" action="{self.base}api/reload">
            <input name='{{"a":"' value='"}}'></form>""")
        page.loaded.clear()
        page.evaluate("document.forms[0].submit()")
        self.assertTrue(page.loaded.wait(chromium.SECONDS))
        page.wait_text("another origin may not use this")
        self.assertEqual(self.managed_records(), before)

    def test_it_frames_nothing(self):
        """Neither the page, for a click that is meant for something else, nor an answer."""
        for target in ("", "api/auth/status"):
            with self.subTest(target):
                page = self.visit(f'<!doctype html><iframe src="{self.base}{target}"></iframe>')
                frames = page.call("Page.getFrameTree")["frameTree"].get("childFrames", [])
                self.assertEqual(len(frames), 1)
                self.assertTrue(frames[0]["frame"]["url"].startswith("chrome-error:"), frames[0]["frame"])

    def test_a_window_that_it_opens_is_none_of_its_own(self):
        """And a name that DNS was made to lead here is not ours."""
        page = self.visit()
        page.evaluate(f"globalThis.other = window.open('{self.base}'); 0", userGesture=True)
        page.wait("globalThis.other === null || globalThis.other.closed || (() => { "
                  "try { return globalThis.other.document === null; } catch { return true; } })()")
        rebound = self.browser.open(f"http://rebound.localhost:{self.managed.managed}/")
        self.addCleanup(rebound.close)
        rebound.wait_text("this listener has another name")


if __name__ == "__main__":
    main()
