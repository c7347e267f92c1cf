# SPDX-License-Identifier: Apache-2.0
"""The owner of a phone in front of a browser: pages, cookies, forms; and an iPhone that obeys. For tests of /me."""
import html.parser
import plistlib
import urllib.parse

import plane

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Page(html.parser.HTMLParser):
    """What a browser makes of a page: tags, texts, forms."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.forms, self.lang = [], "", [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if tag == "html":
            self.lang = attrs["lang"]
        if tag == "form":
            self.forms.append({"action": attrs["action"], "fields": {}})
        if tag == "input":
            self.forms[-1]["fields"][attrs["name"]] = attrs.get("value", "")

    def handle_data(self, data):
        self.text += data

    def form(self, action):
        found = [f for f in self.forms if f["action"].split("?")[0] == action]
        assert len(found) == 1, (action, self.forms)
        return found[0]


class Browser:
    """Keeps a cookie, and follows redirects."""

    def __init__(self, server):
        self.server, self.cookie, self.set_cookie = server, None, None

    def call(self, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if self.cookie:
            headers["Cookie"] = "theme=dark; __Host-bosaga=%s; other=1" % self.cookie
        answer = plane.people(self.server, method, path, body, headers)
        if answer.headers["Set-Cookie"]:
            self.set_cookie = answer.headers["Set-Cookie"]
            self.cookie = self.set_cookie.split(";")[0].split("=", 1)[1]
        return answer

    def post(self, path, fields, **headers):
        return self.call("POST", path, urllib.parse.urlencode(fields), dict(FORM, **{k.replace("_", "-"): v for k, v in headers.items()}))

    def page(self, path="/me"):
        answer = self.call("GET", path)
        assert answer.status == 200, (answer.status, answer.body[:300])
        return Page(answer.body.decode())

    def press(self, page, action):
        """Press a button: the page that the redirect leads to."""
        form = page.form(action)
        answer = self.post(form["action"], form["fields"])
        assert answer.status == 303, (answer.status, answer.body[:300])
        return self.page(answer.headers["Location"])

    def log_in(self, badge, code):
        return self.post("/me/login?lang=en", {"badge": badge, "code": code})


def obey(phone):
    """The iPhone does and proves what it is told, until there is nothing more; it blocks the camera while it has the profile."""
    answer, told = phone.put("/mdm/server", plistlib.dumps({"UDID": phone.udid, "Status": "Idle"})), []
    while answer.body:
        command = plistlib.loads(answer.body)
        kind = command["Command"]["RequestType"]
        told.append(kind)
        reply = {"UDID": phone.udid, "Status": "Acknowledged", "CommandUUID": command["CommandUUID"]}
        if kind == "InstallProfile":
            phone.blocks = b"allowCamera" in command["Command"]["Payload"]
        elif kind == "RemoveProfile":
            phone.blocks = False
        elif kind == "Restrictions":
            reply["GlobalRestrictions"] = {"restrictedBool": {"allowCamera": {"value": not phone.blocks}}}
        elif kind == "ProfileList":
            reply["ProfileList"] = []
        answer = phone.put("/mdm/server", plistlib.dumps(reply))
    assert answer.status == 200, (answer.status, answer.body)
    return told
